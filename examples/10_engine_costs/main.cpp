// SPDX-License-Identifier: Apache-2.0
// Measures the cost of a photo with a package's engine, as one JSON line; compare.py makes a table of several engines:
//   engine_costs_<library> PACKAGE PHOTO [RUNS]
// Each engine library has its own program, since the libraries of a process are part of the cost of an engine.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <gantry/core.hpp>
#include <gantry/json_writer.hpp>
#include <string>
#include <vector>

#ifdef WITH_LIBTORCH
#include <gantry/libtorch.hpp>
#else
#include <gantry/executorch.hpp>
#endif

namespace g = gantry;

/// CPU time of all threads of the process since it started, including the loading of its libraries.
double cpu_ms() {
  return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// The peak memory of this process; 0 if there is no /proc.
double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) * 1024 / 1e6;
  return 0;
}

int main(int argc, char** argv) try {
  const int runs = argc == 4 ? std::atoi(argv[3]) : 20;
  if (argc < 3 || argc > 4 || runs < 1) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO [RUNS]\n", argv[0]), 64;
#ifdef WITH_LIBTORCH
  const g::EngineList engines = g::libtorch::engines();
#else
  const g::EngineList engines = g::executorch::engines();
#endif
  const auto pipeline = g::open<g::Bytes, g::Classes>(argv[1], engines).value();
  const g::Bytes photo = g::read_file(argv[2]).value();
  const g::Classes classes = pipeline.run(photo).value();
  const double first_answer_ms = cpu_ms();

  std::vector<double> run_ms;
  for (int i = 0; i < runs; ++i) {
    const double began = cpu_ms();
    static_cast<void>(pipeline.run(photo).value());
    run_ms.push_back(cpu_ms() - began);
  }
  g::JsonWriter json;
  json.begin_object().field("engine", pipeline.package().models.at(0).engine);
  json.field("first_answer_ms", first_answer_ms).key("run_ms").list(g::Span<const double>(run_ms));
  json.field("peak_mb", peak_megabytes()).key("classes").begin_list();
  for (const auto& c : classes)
    json.begin_object().field("label", c.label).field("score", static_cast<double>(c.score)).end_object();
  std::printf("%s\n", json.end_list().end_object().finish().value().c_str());
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

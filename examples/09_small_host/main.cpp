// SPDX-License-Identifier: Apache-2.0
// A host that links only gantry::executorch, so its process contains nothing of LibTorch:
//   09_small_host [--mapped] [--golden-cache DIR] [--stats] PACKAGE PHOTO...
// --mapped maps the model's file, which is only for files that nobody writes to (gantry/model_file.hpp says why). With
// --golden-cache all golden cases run the first time, and one of them each later time. --stats writes to stderr what
// the process used until its first answer and what it uses at the end.
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <gantry/core.hpp>
#include <gantry/executorch.hpp>
#include <string>

namespace g = gantry;

constexpr char kOptions[] = "[--mapped] [--golden-cache DIR] [--stats]";

/// CPU time of the process since it started, including the loading of its libraries.
double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// A value of this process from Linux: "VmHWM" is its peak memory, "Threads" its number of threads.
std::string of_process(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(name + ":", 0) == 0) return line.substr(line.find_first_not_of(" \t", name.size() + 1));
  return "unknown";
}

void print_stats(const g::Runtime& runtime, double opened, double answered) {
  std::fprintf(stderr, "opened after %.3f s of CPU time, first answer after %.3f s\n", opened, answered);
  for (const auto& model : runtime.stats().models)
    std::fprintf(stderr, "model '%s' (%s): weights %.1f MB, activations %.1f MB\n", model.name.c_str(),
                 model.engine.c_str(), static_cast<double>(model.memory.weights_bytes) / 1e6,
                 static_cast<double>(model.memory.retained_bytes + model.memory.in_use_bytes) / 1e6);
  std::fprintf(stderr, "threads %s, memory %s, at most %s\n", of_process("Threads").c_str(),
               of_process("VmRSS").c_str(), of_process("VmHWM").c_str());
}

int main(int argc, char** argv) try {
  g::OpenOptions options;
  bool wants_stats = false;
  int first = 1;
  for (; first < argc && std::strncmp(argv[first], "--", 2) == 0; ++first) {
    if (std::strcmp(argv[first], "--mapped") == 0)
      options.model.file_memory = g::FileMemory::kMapped;
    else if (std::strcmp(argv[first], "--stats") == 0)
      wants_stats = true;
    else if (std::strcmp(argv[first], "--golden-cache") == 0 && first + 1 < argc)
      options.golden = g::Golden::kFirstTime, options.golden_cache = argv[++first];
    else
      return std::fprintf(stderr, "unknown option %s; there are %s\n", argv[first], kOptions), 64;
  }
  if (argc - first < 2) return std::fprintf(stderr, "usage: %s %s PACKAGE PHOTO...\n", argv[0], kOptions), 64;
  const g::Runtime runtime = g::Runtime::shared().value();  // one worker for each CPU that the container may use
  options.model.runtime = runtime;
  const auto pipeline = g::open<g::Bytes, g::Classes>(argv[first], g::executorch::engines(), options).value();
  const double opened = cpu_seconds();
  double answered = 0;
  int status = 0;
  for (int i = first + 1; i < argc; ++i) {
    const auto photo = g::read_file(argv[i]);
    const auto classes = photo ? pipeline.run(*photo) : g::Result<g::Classes>(photo.error());
    if (classes) {
      if (answered == 0) answered = cpu_seconds();
      std::printf("%s\n", argv[i]);
      for (const auto& c : *classes) std::printf("%6.2f %%  %s\n", 100 * c.score, c.label.c_str());
    } else {  // the other photos are still answered
      std::fprintf(stderr, "%s: %s\n", argv[i], classes.error().to_string().c_str());
      status = 1;
    }
  }
  if (wants_stats) print_stats(runtime, opened, answered);
  return status;
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

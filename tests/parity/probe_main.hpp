// SPDX-License-Identifier: Apache-2.0
// What the probes of the parity tests share: a list of cases, a result or an error in a file for each.
#pragma once

#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <gantry/bytes.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <gantry/result.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::test {

inline void write_result(const std::string& path, const void* data, std::size_t size) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

/// Of ops as a config has them, on the calling thread. Files that they name are read as they are.
template <class In, class Out>
Result<Out> run_ops(const nlohmann::json& ops, const Registry& registry, In input) {
  static const Runtime runtime = [] {
    RuntimeOptions options;
    options.execution = Execution::kCaller;
    return Runtime::create(options).value();
  }();
  ConfigContext context;
  context.files = [](const std::string& name) { return read_file(name); };
  auto stages = parse_stages<In, Out>(ops.dump(), registry, context);
  if (!stages) return std::move(stages).error();
  auto pipeline = compile(*stages, runtime);
  if (!pipeline) return std::move(pipeline).error();
  return pipeline->run(std::move(input));
}

/// The main() of a probe, PROBE CASES.json: `run` makes the result of each case, whose "out" it is written to; an error
/// goes to OUT with ".error" behind it.
inline int probe_main(int argc, char** argv, Result<Bytes> (*run)(const nlohmann::json&)) try {
  if (argc != 2) return std::fprintf(stderr, "usage: %s CASES.json\n", argv[0]), 64;
  std::ifstream file(argv[1]);
  for (const nlohmann::json& test : nlohmann::json::parse(file)) {
    const auto out = test.at("out").get<std::string>();
    if (auto result = run(test)) {
      write_result(out, result->data(), result->size());
    } else {
      const std::string text = result.error().to_string();
      write_result(out + ".error", text.data(), text.size());
    }
  }
  return 0;
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s: %s\n", argv[0], error.what()), 2;
}

}  // namespace gantry::inline GANTRY_ABI::test

// SPDX-License-Identifier: Apache-2.0
// A host of gantry::core: makes a pipeline of built-in and own stages, and runs it.
#include <cstdio>
#include <cstring>
#include <string>

#include <gantry/core.hpp>

int main() {
  if (std::strcmp(gantry::version(), GANTRY_VERSION_STRING) != 0) {
    std::fprintf(stderr, "compiled with %s, runs with %s\n", GANTRY_VERSION_STRING, gantry::version());
    return 1;
  }
  const auto length = gantry::stage("length", [](const gantry::Bytes& bytes) { return bytes.size(); });
  const auto twice = gantry::stage("twice", [](std::size_t size) { return 2 * size; });
  auto pipeline = gantry::compile(length | twice);
  if (!pipeline) {
    std::fprintf(stderr, "%s\n", pipeline.error().to_string().c_str());
    return 1;
  }
  auto result = pipeline->run(gantry::Bytes(std::string("gantry")));
  return result && *result == 12 ? 0 : 1;
}

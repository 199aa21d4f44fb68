// SPDX-License-Identifier: Apache-2.0
// A custom payload type in a host: 05_payload_type PACKAGE INPUT...
// The type, its codec and its ops are in landmarks.hpp. An INPUT is a .json or .npy file; each gives a line of JSON.
// First through the type-erased interface, as in a server or the gantry tool; then typed.
#include <cstdio>
#include <gantry/gantry.hpp>

#include "landmarks.hpp"

namespace g = gantry;

/// Knows no payload type: the codecs handle the pipeline's input and output.
g::Result<std::string> answer(const g::AnyPipeline& pipeline, const std::string& path) {
  auto content = g::read_file(path);
  if (!content) return content.error();
  auto input = pipeline.codecs().from_bytes(pipeline.inputs()[0].type, *std::move(content), g::media_type_of(path));
  if (!input) return input.error();
  const auto result = pipeline.run(*std::move(input));
  return result ? pipeline.codecs().to_json(*result) : result.error();
}

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "usage: %s PACKAGE INPUT...\n", argv[0]), 64;
  g::OpenOptions options;
  options.registry = g::Registry::builtin();
  acme::add_to(*options.registry);
  const auto pipeline = g::open_any(argv[1], options);  // the codec compares golden cases
  if (!pipeline) return std::fprintf(stderr, "%s\n", pipeline.error().to_string().c_str()), 1;
  for (int i = 2; i < argc; ++i) {
    const auto json = answer(*pipeline, argv[i]);
    if (!json) return std::fprintf(stderr, "%s: %s\n", argv[i], json.error().to_string().c_str()), 1;
    std::printf("%s\n", json->c_str());
  }

  // Code that knows the types works with them.
  const auto typed = pipeline->as<acme::Landmarks, acme::Landmarks>().value();
  const acme::Landmarks moved = typed.run(acme::Landmarks{{{0, 0}, {1, 2}}}).value();
  std::printf("%s %s: %zu points, the last at %g, %g\n", typed.package().name.c_str(), typed.package().version.c_str(),
              moved.points.size(), static_cast<double>(moved.points.back().x),
              static_cast<double>(moved.points.back().y));
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

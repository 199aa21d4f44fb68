// SPDX-License-Identifier: Apache-2.0
// A custom engine (linear_engine.hpp): opens a package with its model, checks it against its recorded answers, and runs
// it like any other. The pipeline, batching, deadlines and stats do not know the engine.
#include <cstdio>
#include <cstdlib>
#include <gantry/package.hpp>

#include "linear_engine.hpp"

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: 07_own_engine PKG NUMBER...\n"), 64;
  const gantry::EngineList engines = {std::make_shared<acme::LinearLoader>()};
  auto pipeline = gantry::open<gantry::Tensor, gantry::Tensor>(argv[1], engines);
  if (!pipeline) return std::fprintf(stderr, "%s\n", pipeline.error().to_string().c_str()), 1;

  std::vector<float> numbers;
  for (int i = 2; i < argc; ++i) numbers.push_back(static_cast<float>(std::atof(argv[i])));
  const gantry::Shape shape = {static_cast<std::int64_t>(numbers.size())};
  auto answer = pipeline->run(gantry::Tensor::from<float>(numbers, shape).value());
  if (!answer) return std::fprintf(stderr, "%s\n", answer.error().to_string().c_str()), 1;
  for (const float value : answer->values<float>().value()) std::printf("%g\n", static_cast<double>(value));

  // The engine refuses unknown options, and says which it knows.
  gantry::OpenOptions options;
  options.model.engine_options["linear"].set("slope", 3);
  const auto refused = gantry::open<gantry::Tensor, gantry::Tensor>(argv[1], engines, options);
  std::printf("refused: %s\n", refused ? "" : refused.error().to_string().c_str());
  std::printf("%s", pipeline->explain().c_str());
}

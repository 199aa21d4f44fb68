// SPDX-License-Identifier: Apache-2.0
// detect.db in the benchmark of detection: one map, controlled line by line.
//
//   bench_db_worker MAP
//
// MAP (f32[h, w]) is an .npy file. The first line is the result, as JSON.
#include <cstdio>
#include <gantry/detect/db.hpp>

#include "worker.hpp"

int main(int argc, char** argv) {
  using namespace gantry;
  if (argc != 2) return std::fprintf(stderr, "usage: bench_db_worker MAP\n"), 64;
  const Tensor map = bench::load(argv[1]);
  const auto pipeline = bench::compiled(detect::db({}));
  const Payload found = Payload::from(pipeline.run(map).value());
  return bench::serve(Registry::builtin().codecs().to_json(found).value(),
                      [&] { static_cast<void>(pipeline.run(map).value()); });
}

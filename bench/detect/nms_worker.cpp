// SPDX-License-Identifier: Apache-2.0
// Non-maximum suppression in the benchmark of detection: one set of boxes, controlled line by line.
//
//   bench_nms_worker BOXES SCORES CLASSES MODE KEPT
//
// BOXES (f32[n, 4]), SCORES (f32[n]) and CLASSES (i64[n]) are .npy files; MODE is nms, per_class or torchvision; the
// overlap is 0.5. Writes the kept indices to KEPT.
#include <cstdio>
#include <fstream>
#include <gantry/detect/nms.hpp>
#include <string>
#include <vector>

#include "worker.hpp"

int main(int argc, char** argv) {
  using namespace gantry;
  if (argc != 6) return std::fprintf(stderr, "usage: bench_nms_worker BOXES SCORES CLASSES MODE KEPT\n"), 64;
  const Tensor tensors[] = {bench::load(argv[1]), bench::load(argv[2]), bench::load(argv[3])};
  const auto numbers = tensors[0].values<float>().value();
  const auto scores = tensors[1].values<float>().value();
  const auto classes = tensors[2].values<std::int64_t>().value();
  const std::string mode = argv[4];
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < numbers.size(); i += 4)
    boxes.push_back({numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]});
  const auto work = [&] {
    const Span<const Box> all(boxes);
    if (mode == "nms") return detect::nms(all, scores, 0.5).value();
    return detect::batched_nms(all, scores, classes, 0.5,
                               mode == "torchvision" ? detect::Suppress::kTorchvision : detect::Suppress::kPerClass)
        .value();
  };
  std::ofstream kept(argv[5]);
  for (const std::size_t index : work()) kept << index << "\n";
  kept.close();
  return bench::serve("ready", work);
}

// SPDX-License-Identifier: Apache-2.0
// Non-maximum suppression in the benchmark of detection: one set of boxes, driven line by line.
//
//   bench_nms_worker BOXES SCORES CLASSES MODE KEPT
//
// BOXES (f32[n, 4]), SCORES (f32[n]) and CLASSES (i64[n]) are .npy files; MODE is nms, per_class or torchvision; the
// overlap is 0.5. The indices that stay are written to KEPT, then a line says that it is ready. `run N` then suppresses
// N times, and answers the CPU time of one in nanoseconds.
#include <ctime>

#include <cstdio>
#include <fstream>
#include <gantry/bytes.hpp>
#include <gantry/detect/nms.hpp>
#include <gantry/registry.hpp>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace gantry;

template <class T>
std::vector<T> load(const char* path) {
  static const Codecs codecs = Registry::builtin().codecs();
  const Payload payload =
      codecs.from_bytes(PayloadType::of<Tensor>(), read_file(path).value(), "application/x-npy").value();
  const Tensor tensor = payload.as<Tensor>().value();
  const auto values = tensor.values<T>().value();
  return {values.begin(), values.end()};
}

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "usage: bench_nms_worker BOXES SCORES CLASSES MODE KEPT\n"), 64;
  const auto numbers = load<float>(argv[1]);
  const auto scores = load<float>(argv[2]);
  const auto classes = load<std::int64_t>(argv[3]);
  const std::string mode = argv[4];
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < numbers.size(); i += 4)
    boxes.push_back({numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]});
  const auto work = [&] {
    const Span<const Box> all(boxes);
    if (mode == "nms") return detect::nms(all, Span<const float>(scores), 0.5).value();
    return detect::batched_nms(all, Span<const float>(scores), Span<const std::int64_t>(classes), 0.5,
                               mode == "torchvision" ? detect::Suppress::kTorchvision : detect::Suppress::kPerClass)
        .value();
  };
  std::ofstream kept(argv[5]);
  for (const std::size_t index : work()) kept << index << "\n";
  kept.close();
  std::cout << "ready" << std::endl;
  std::string word;
  int count = 0;
  while (std::cin >> word >> count) {
    const double began = cpu_ns();
    for (int i = 0; i < count; ++i) work();
    std::cout << (cpu_ns() - began) / count << std::endl;
  }
}

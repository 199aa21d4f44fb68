// SPDX-License-Identifier: Apache-2.0
// Non-maximum suppression over files, for comparison with torchvision:
//
//   nms_probe CASES.json
//
// CASES is a list of {"boxes": f32[N, 4] as .npy, "scores": f32[N], "classes": i64[N] or "", "iou", "suppress",
// "out"}. The indices that stay are written to "out" as i64[K].
#include <cstdio>
#include <fstream>
#include <gantry/bytes.hpp>
#include <gantry/detect/nms.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/npy.hpp"
#include "parity/probe_main.hpp"

namespace {

using namespace gantry;

template <class T>
std::vector<T> load(const std::string& path) {
  const Tensor tensor = detail::parse_npy(read_file(path).value()).value();
  const auto values = tensor.values<T>().value();
  return {values.begin(), values.end()};
}

Result<std::vector<std::size_t>> kept_of(const nlohmann::json& test) {
  const auto numbers = load<float>(test.at("boxes"));
  const auto scores = load<float>(test.at("scores"));
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < numbers.size(); i += 4)
    boxes.push_back({numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]});
  const double iou = test.at("iou");
  const std::string classes_path = test.at("classes"), suppress = test.at("suppress");
  if (classes_path.empty()) return detect::nms(Span<const Box>(boxes), Span<const float>(scores), iou);
  const auto classes = load<std::int64_t>(classes_path);
  return detect::batched_nms(Span<const Box>(boxes), Span<const float>(scores), Span<const std::int64_t>(classes), iou,
                             suppress == "torchvision" ? detect::Suppress::kTorchvision : detect::Suppress::kPerClass);
}

Result<Bytes> run(const nlohmann::json& test) {
  const auto kept = kept_of(test);
  if (!kept) return kept.error();
  const std::vector<std::int64_t> indices(kept->begin(), kept->end());
  auto tensor =
      Tensor::from<std::int64_t>(Span<const std::int64_t>(indices), {static_cast<std::int64_t>(indices.size())});
  if (!tensor) return std::move(tensor).error();
  return detail::to_npy(*tensor);
}

}  // namespace

int main(int argc, char** argv) {
  return gantry::test::probe_main(argc, argv, run);
}

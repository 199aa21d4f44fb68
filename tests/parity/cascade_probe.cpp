// SPDX-License-Identifier: Apache-2.0
// Runs means of areas, suppression and searches among vectors over arrays, for comparison with the Python stack:
//
//   cascade_probe CASES.json
//
// CASES is a list of {"ops", "kind", "in", "out"}. "in" is an .npy file: of the kinds "area" and "pyramid" an image
// u8[h, w, channels], of the kind "nearest" a vector, of the kind "nms" f32[n, 5] of x0, y0, x1, y1, score. The result
// is an array: a tensor, all levels of a pyramid in a row, f64[k, 2] of index and score, or f32[m, 5]; an error goes to
// OUT with
// ".error" behind it. Files that an op names are read as they are.
#include <gantry/detect.hpp>
#include <gantry/embeddings.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "model/npy.hpp"
#include "parity/probe_main.hpp"

namespace {

using namespace gantry;

template <class In, class Out>
Result<Out> run(const nlohmann::json& ops, In input) {
  static const Registry registry = Registry::builtin();
  return test::run_ops<In, Out>(ops, registry, std::move(input));
}

Result<Image> image_of(Tensor pixels) {
  const std::int64_t channels = pixels.shape()[2];
  return Image::from(std::move(pixels), channels == 1 ? Colour::kGray : channels == 3 ? Colour::kRgb : Colour::kRgba);
}

Result<Tensor> area(const nlohmann::json& ops, Tensor pixels) {
  auto image = image_of(std::move(pixels));
  if (!image) return std::move(image).error();
  return run<Image, Tensor>(ops, *std::move(image));
}

Result<Tensor> pyramid(const nlohmann::json& ops, Tensor pixels) {
  auto image = image_of(std::move(pixels));
  if (!image) return std::move(image).error();
  auto levels = run<Image, std::vector<Tensor>>(ops, *std::move(image));
  if (!levels) return std::move(levels).error();
  std::vector<float> all;
  for (const Tensor& level : *levels) {
    const auto values = level.values<float>().value();
    all.insert(all.end(), values.begin(), values.end());
  }
  return Tensor::from<float>(Span<const float>(all), {static_cast<std::int64_t>(all.size())});
}

Result<Tensor> nearest_rows(const nlohmann::json& ops, Tensor vector) {
  auto classes = run<Tensor, Classes>(ops, std::move(vector));
  if (!classes) return std::move(classes).error();
  std::vector<double> rows;
  for (const Class& one : *classes) {
    rows.push_back(static_cast<double>(one.index));
    rows.push_back(static_cast<double>(one.score));
  }
  return Tensor::from<double>(Span<const double>(rows), {static_cast<std::int64_t>(classes->size()), 2});
}

Result<Tensor> suppressed(const nlohmann::json& ops, const Tensor& rows) {
  const auto values = rows.values<float>().value();
  std::vector<Detection> given;
  for (std::size_t i = 0; i < values.size(); i += 5)
    given.push_back({0, "", values[i + 4], {values[i], values[i + 1], values[i + 2], values[i + 3]}, {}});
  auto found = run<Detections, Detections>(ops, Detections(std::move(given)));
  if (!found) return std::move(found).error();
  std::vector<float> kept;
  for (const Detection& one : *found)
    for (const float value : {one.box.x0, one.box.y0, one.box.x1, one.box.y1, one.score}) kept.push_back(value);
  return Tensor::from<float>(Span<const float>(kept), {static_cast<std::int64_t>(found->size()), 5});
}

Result<Bytes> dispatch(const nlohmann::json& test) {
  auto file = read_file(test.at("in").get<std::string>());
  if (!file) return std::move(file).error();
  auto tensor = detail::parse_npy(*file);
  if (!tensor) return std::move(tensor).error();
  const nlohmann::json& ops = test.at("ops");
  const auto kind = test.at("kind").get<std::string>();
  auto result = kind == "area"      ? area(ops, *std::move(tensor))
                : kind == "pyramid" ? pyramid(ops, *std::move(tensor))
                : kind == "nearest" ? nearest_rows(ops, *std::move(tensor))
                : kind == "tensor"  ? run<Tensor, Tensor>(ops, *std::move(tensor))
                                    : suppressed(ops, *tensor);
  if (!result) return std::move(result).error();
  return detail::to_npy(*result);
}

}  // namespace

int main(int argc, char** argv) {
  return gantry::test::probe_main(argc, argv, dispatch);
}

// SPDX-License-Identifier: Apache-2.0
// Runs means of areas, suppression, stages of a cascade and searches among vectors over arrays, for comparison with the
// Python stack:
//
//   cascade_probe CASES.json
//
// CASES is a list of {"ops", "kind", "in", "out"}. "in" is an .npy file: of the kinds "area" and "pyramid" an image
// u8[h, w, channels], of the kind "nearest" a vector, of the kind "nms" f32[n, 5] of x0, y0, x1, y1, score; of the kind
// "window" an image, with "levels", a list of files f32[6, h, w] of two scores and four moves; of the kind "refine"
// f32[n, 11 or 21] of a detection, two scores, four moves and ten numbers of points. The result is an array: a tensor,
// all levels of a pyramid in a row, f64[k, 2] of index and score, or f32[m, 5] and two for each keypoint; an error goes
// to OUT with ".error" behind it. Files that an op names are read as they are.
#include <gantry/detect.hpp>
#include <gantry/embeddings.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
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

constexpr std::size_t kColumns = 5;  // of a detection

/// The detections at the beginning of rows of `columns` numbers.
Detections detections_of(Span<const float> values, std::size_t columns) {
  std::vector<Detection> given;
  for (const float* row = values.begin(); row != values.end(); row += columns)
    given.push_back({0, "", row[4], {row[0], row[1], row[2], row[3]}, {}});
  return Detections(std::move(given));
}

Result<Tensor> rows_of(const Result<Detections>& found, std::size_t points) {
  if (!found) return found.error();
  std::vector<float> rows;
  for (const Detection& one : *found) {
    rows.insert(rows.end(), {one.box.x0, one.box.y0, one.box.x1, one.box.y1, one.score});
    for (const Keypoint& point : one.keypoints) rows.insert(rows.end(), {point.x, point.y});
  }
  return Tensor::from<float>(Span<const float>(rows), {static_cast<std::int64_t>(found->size()),
                                                       static_cast<std::int64_t>(kColumns + 2 * points)});
}

Result<Tensor> suppressed(const nlohmann::json& ops, const Tensor& rows) {
  return rows_of(run<Detections, Detections>(ops, detections_of(rows.values<float>().value(), kColumns)), 0);
}

Tensor numbers(const float* first, std::int64_t count) {
  return Tensor::from<float>(Span<const float>(first, static_cast<std::size_t>(count)), {count}).value();
}

Result<Tensor> refined(const nlohmann::json& ops, const Tensor& rows) {
  const auto values = rows.values<float>().value();
  const auto columns = static_cast<std::size_t>(rows.shape()[1]);
  const bool has_points = columns > kColumns + 6;
  std::vector<Tensors> answers;
  for (const float* row = values.begin(); row != values.end(); row += columns) {
    Tensors answer{{"scores", numbers(row + kColumns, 2)}, {"boxes", numbers(row + kColumns + 2, 4)}};
    if (has_points) answer.add("points", numbers(row + kColumns + 6, 10));
    answers.push_back(std::move(answer));
  }
  using Given = std::tuple<Detections, std::vector<Tensors>>;
  return rows_of(run<Given, Detections>(ops, Given(detections_of(values, columns), std::move(answers))),
                 has_points ? 5 : 0);
}

Result<Tensor> array_in(const nlohmann::json& name) {
  auto file = read_file(name.get<std::string>());
  if (!file) return std::move(file).error();
  return detail::parse_npy(*file);
}

Result<Tensor> windows(const nlohmann::json& test, Tensor pixels) {
  auto image = image_of(std::move(pixels));
  if (!image) return std::move(image).error();
  std::vector<Tensors> levels;
  for (const nlohmann::json& name : test.at("levels")) {
    const auto head = array_in(name);
    if (!head) return head.error();
    levels.push_back({{"scores", head->slice(0, 0, 2).value()}, {"boxes", head->slice(0, 2, 6).value()}});
  }
  using Given = std::tuple<Image, std::vector<Tensors>>;
  return rows_of(run<Given, Detections>(test.at("ops"), Given(*std::move(image), std::move(levels))), 0);
}

Result<Bytes> dispatch(const nlohmann::json& test) {
  auto tensor = array_in(test.at("in"));
  if (!tensor) return std::move(tensor).error();
  const nlohmann::json& ops = test.at("ops");
  const auto kind = test.at("kind").get<std::string>();
  auto result = kind == "area"      ? area(ops, *std::move(tensor))
                : kind == "pyramid" ? pyramid(ops, *std::move(tensor))
                : kind == "nearest" ? nearest_rows(ops, *std::move(tensor))
                : kind == "window"  ? windows(test, *std::move(tensor))
                : kind == "refine"  ? refined(ops, *tensor)
                : kind == "tensor"  ? run<Tensor, Tensor>(ops, *std::move(tensor))
                                    : suppressed(ops, *tensor);
  if (!result) return std::move(result).error();
  return detail::to_npy(*result);
}

}  // namespace

int main(int argc, char** argv) {
  return gantry::test::probe_main(argc, argv, dispatch);
}

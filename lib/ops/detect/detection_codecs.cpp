// SPDX-License-Identifier: Apache-2.0
// The codecs of Detections, Boxes and Keypoints:
//   [{"index": 3, "label": "table", "score": 0.9, "box": [x0, y0, x1, y1], "keypoints": [[x, y, score]],
//     "mask": {"size": [height, width], "counts": "..."}}],
//   [[x0, y0, x1, y1]], [[x, y, score]].
#include <gantry/detect/detections.hpp>
#include <gantry/registry.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/classify/score_json.hpp"
#include "ops/detect/place_numbers.hpp"
#include "ops/ops.hpp"
#include "ops/segment/mask_json.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kSides = 4;
constexpr std::size_t kPointNumbers = 3;

std::vector<float> numbers_of(const Box& box) {
  return {box.x0, box.y0, box.x1, box.y1};
}
std::vector<float> numbers_of(const Keypoint& point) {
  return {point.x, point.y, point.score};
}
Box box_of(const float* numbers) {
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}
Keypoint point_of(const float* numbers) {
  return {numbers[0], numbers[1], numbers[2]};
}

// JSON

template <class T>
void write_row(const T& row, JsonWriter& json) {
  const std::vector<float> numbers = numbers_of(row);
  json.list(Span<const float>(numbers));
}

template <class Rows>
void write_rows(const Rows& rows, JsonWriter& json) {
  json.begin_list();
  for (const auto& row : rows) write_row(row, json);
  json.end_list();
}

template <class T>
Result<std::vector<T>> read_rows(const JsonView& json, std::size_t count, T (*row_of)(const float*)) {
  GANTRY_ASSIGN_OR_RETURN(const auto items, json.items());
  std::vector<T> rows;
  for (const JsonView& item : items) {
    GANTRY_ASSIGN_OR_RETURN(const auto numbers, read_numbers(item, count));
    rows.push_back(row_of(numbers.data()));
  }
  return rows;
}

Result<Detection> read_detection(const JsonView& json) {
  JsonFields fields(json);
  Detection one;
  one.index = fields.integer("index");
  one.label = fields.string("label", "");
  one.score = read_score(fields);
  const JsonView box = fields.require("box");
  const auto keypoints = fields.find("keypoints");
  const auto mask = fields.find("mask");
  GANTRY_RETURN_IF_ERROR(fields.finish());
  GANTRY_ASSIGN_OR_RETURN(const auto sides, read_numbers(box, kSides));
  one.box = box_of(sides.data());
  if (mask) {
    GANTRY_ASSIGN_OR_RETURN(one.mask, read_mask(*mask));
  }
  if (!keypoints) return one;
  GANTRY_ASSIGN_OR_RETURN(auto points, read_rows<Keypoint>(*keypoints, kPointNumbers, point_of));
  one.keypoints = Keypoints(std::move(points));
  return one;
}

Result<Detections> read_detections(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(const auto items, json.items());
  std::vector<Detection> entries;
  for (const JsonView& item : items) {
    GANTRY_ASSIGN_OR_RETURN(auto one, read_detection(item));
    entries.push_back(std::move(one));
  }
  return Detections(std::move(entries));
}

void write_detections(const Detections& detections, JsonWriter& json) {
  json.begin_list();
  for (const Detection& one : detections) {
    json.begin_object().field("index", one.index).field("label", one.label).field("score", one.score);
    write_row(one.box, json.key("box"));
    if (!one.keypoints.empty()) write_rows(one.keypoints, json.key("keypoints"));
    if (!one.mask.empty()) write_mask(one.mask, json.key("mask"));
    json.end_object();
  }
  json.end_list();
}

// Tensors

template <class Rows>
Result<Tensor> tensor_of(const Rows& rows, std::size_t count) {
  std::vector<float> numbers;
  for (const auto& row : rows)
    for (const float number : numbers_of(row)) numbers.push_back(number);
  return Tensor::from<float>(Span<const float>(numbers),
                             {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(count)});
}

template <class T>
Result<std::vector<T>> rows_of(const Tensor& tensor, std::size_t count, T (*row_of)(const float*), const char* what) {
  const auto values = tensor.values<float>();
  if (!values || tensor.rank() != 2 || tensor.shape()[1] != static_cast<std::int64_t>(count))
    return Error(ErrorCode::kInvalidArgument,
                 std::string(what) + " are f32[n, " + std::to_string(count) + "], got " + tensor.to_string());
  std::vector<T> rows;
  for (std::size_t i = 0; i < values->size(); i += count) rows.push_back(row_of(values->data() + i));
  return rows;
}

/// The number of keypoints of each detection; nullopt if there are none or the numbers differ.
std::optional<std::size_t> keypoints_each(const Detections& detections) {
  if (detections.empty() || detections[0].keypoints.empty()) return std::nullopt;
  const std::size_t count = detections[0].keypoints.size();
  for (const Detection& one : detections)
    if (one.keypoints.size() != count) return std::nullopt;
  return count;
}

/// nullopt if a detection has no mask, or there is no detection.
std::optional<std::vector<const RunLengths*>> masks_of_all(const Detections& detections) {
  std::vector<const RunLengths*> masks;
  for (const Detection& one : detections) {
    if (one.mask.empty()) return std::nullopt;
    masks.push_back(&one.mask);
  }
  if (masks.empty()) return std::nullopt;
  return masks;
}

Result<Tensors> detections_to_tensors(const Detections& detections) {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<std::int64_t> labels;
  std::vector<Keypoint> points;
  for (const Detection& one : detections) {
    boxes.push_back(one.box);
    scores.push_back(one.score);
    labels.push_back(one.index);
    points.insert(points.end(), one.keypoints.begin(), one.keypoints.end());
  }
  const auto count = static_cast<std::int64_t>(detections.size());
  Tensors tensors;
  tensors.add("boxes", tensor_of(boxes, kSides).value());
  tensors.add("scores", Tensor::from<float>(Span<const float>(scores), {count}).value());
  tensors.add("labels", Tensor::from<std::int64_t>(Span<const std::int64_t>(labels), {count}).value());
  if (const auto each = keypoints_each(detections))
    tensors.add("keypoints", tensor_of(points, kPointNumbers)
                                 .value()
                                 .reshape({count, static_cast<std::int64_t>(*each), kPointNumbers})
                                 .value());
  if (const auto masks = masks_of_all(detections)) {
    GANTRY_ASSIGN_OR_RETURN(auto planes, mask_planes(*masks));
    tensors.add("masks", std::move(planes));
  }
  return tensors;
}

// Comparison

bool is_score(const Box&, std::size_t) {
  return false;
}
bool is_score(const Keypoint&, std::size_t k) {
  return k + 1 == kPointNumbers;
}

template <class Rows>
void see(LargestPlace& largest, const Rows& rows) {
  for (const auto& row : rows) {
    const std::vector<float> numbers = numbers_of(row);
    for (std::size_t k = 0; k < numbers.size(); ++k)
      if (!is_score(row, k)) largest.see(numbers[k]);
  }
}

/// nullopt if equal within the tolerance.
template <class Rows>
std::optional<std::string> row_difference(const Rows& expected, const Rows& got, const Allowed& allowed,
                                          const std::string& what) {
  if (expected.size() != got.size())
    return "expected " + std::to_string(expected.size()) + " " + what + ", got " + std::to_string(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::vector<float> wanted = numbers_of(expected[i]), numbers = numbers_of(got[i]);
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      const bool is_of_score = is_score(got[i], k);
      if (!allowed.accepts(numbers[k], wanted[k], is_of_score))
        return what + "[" + std::to_string(i) + "][" + std::to_string(k) + "]: expected " + to_text(wanted[k]) +
               ", got " + to_text(numbers[k]) + " (" + (is_of_score ? allowed.scores : allowed.places).to_string() +
               ")";
    }
  }
  return std::nullopt;
}

std::string text_of(const Detection& one) {
  std::string text = "class " + std::to_string(one.index) + (one.label.empty() ? "" : " '" + one.label + "'") + " " +
                     to_fixed_text(static_cast<double>(one.score), 3) + " at [";
  for (const float side : numbers_of(one.box))
    text += (text.back() == '[' ? "" : ", ") + to_fixed_text(static_cast<double>(side), 1);
  return text + "]";
}

std::optional<std::string> detection_difference(const Detection& expected, const Detection& got,
                                                const Allowed& allowed) {
  if (expected.index != got.index || expected.label != got.label)
    return "expected " + text_of(expected) + ", got " + text_of(got);
  if (!allowed.accepts(got.score, expected.score, true))
    return text_of(expected) + ": expected score " + to_text(expected.score) + ", got " + to_text(got.score) + " (" +
           allowed.scores.to_string() + ")";
  if (auto text = row_difference(std::vector{expected.box}, std::vector{got.box}, allowed, "box"))
    return text_of(expected) + ": " + *text;
  if (auto text = row_difference(expected.keypoints, got.keypoints, allowed, "keypoints"))
    return text_of(expected) + ": " + *text;
  if (auto text = mask_difference(expected.mask, got.mask, allowed.places))
    return text_of(expected) + ": mask: " + *text;
  return std::nullopt;
}

/// Detections whose scores are equal within the tolerance may come in any order.
std::optional<std::string> detections_difference(const Detections& expected, const Detections& got,
                                                 const Tolerance& tolerance) {
  if (got.size() != expected.size())
    return "expected " + std::to_string(expected.size()) + " detections, got " + std::to_string(got.size());
  LargestPlace largest;
  for (const Detection& one : expected) {
    see(largest, std::vector{one.box});
    see(largest, one.keypoints);
  }
  const Allowed allowed = largest.allowed(tolerance);
  std::vector<bool> is_taken(expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto takes_place = [&](std::size_t j) {
      return !is_taken[j] && allowed.accepts(expected[j].score, expected[i].score, true) &&
             !detection_difference(expected[j], got[i], allowed);
    };
    std::size_t match = i;
    if (!takes_place(i))
      for (match = 0; match < expected.size() && !takes_place(match);) ++match;
    if (match == expected.size())
      return "detection " + std::to_string(i) + ": " +
             detection_difference(expected[i], got[i], allowed).value_or(text_of(got[i]) + " appears twice");
    is_taken[match] = true;
  }
  return std::nullopt;
}

// The codecs

Codec<Detections> detections_codec() {
  Codec<Detections> codec;
  codec.name = "detections";
  codec.write_json = write_detections;
  codec.read_json = read_detections;
  codec.to_tensors = detections_to_tensors;
  codec.difference = detections_difference;
  codec.line = [](const Detections& detections) {
    std::string text;
    for (const Detection& one : detections) text += (text.empty() ? "" : "; ") + text_of(one);
    return text.empty() ? "nothing" : text;
  };
  return codec;
}

/// For a list of rows with `count` numbers each.
template <class Rows, class Row>
Codec<Rows> rows_codec(const char* name, std::size_t count, Row (*row_of)(const float*)) {
  Codec<Rows> codec;
  codec.name = name;
  codec.write_json = [](const Rows& rows, JsonWriter& json) { write_rows(rows, json); };
  codec.read_json = [count, row_of](const JsonView& json) -> Result<Rows> {
    GANTRY_ASSIGN_OR_RETURN(auto rows, read_rows<Row>(json, count, row_of));
    return Rows(std::move(rows));
  };
  codec.to_tensors = [name, count](const Rows& rows) -> Result<Tensors> {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, tensor_of(rows, count));
    return Tensors{{name, std::move(tensor)}};
  };
  codec.from_tensors = [name, count, row_of](Tensors tensors) -> Result<Rows> {
    if (tensors.size() != 1)
      return Error(ErrorCode::kInvalidArgument, "expected one tensor, got " + std::to_string(tensors.size()));
    GANTRY_ASSIGN_OR_RETURN(auto rows, rows_of<Row>(tensors[0].tensor, count, row_of, name));
    return Rows(std::move(rows));
  };
  codec.difference = [name](const Rows& expected, const Rows& got, const Tolerance& tolerance) {
    LargestPlace largest;
    see(largest, expected);
    return row_difference(expected, got, largest.allowed(tolerance), name);
  };
  codec.line = [name](const Rows& rows) { return std::to_string(rows.size()) + " " + name; };
  return codec;
}

}  // namespace

void add_detection_codecs(Registry& registry) {
  registry.add_codec(detections_codec());
  registry.add_codec(rows_codec<Boxes, Box>("boxes", kSides, box_of));
  registry.add_codec(rows_codec<Keypoints, Keypoint>("keypoints", kPointNumbers, point_of));
}

}  // namespace gantry::inline GANTRY_ABI::detail

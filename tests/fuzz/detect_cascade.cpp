// SPDX-License-Identifier: Apache-2.0
// Any bytes as a picture, what models gave for the levels of its pyramid and for its crops, and options: each op of a
// cascade gives what its header says, or an error that it names. And as vectors and a table of vectors.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <gantry/detect.hpp>
#include <gantry/embeddings.hpp>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <optional>
#include <tuple>
#include <vector>

#include "fuzz/detect_calls.hpp"
#include "fuzz/detect_input.hpp"

namespace {

using namespace gantry;
using test::DetectInput;
using test::is_in_order;
using test::require;

template <class In, class Out>
std::optional<Out> run(const Stage<In, Out>& stage, const In& input) {
  return test::accepted(test::run_once(stage, input), false);
}

Image small_picture(DetectInput& input) {
  const auto colour = static_cast<Colour>(input.byte() % 3);
  const std::int64_t width = 1 + input.below(64), height = 1 + input.below(64);
  Image image = Image::make(width, height, colour).value();
  std::uint8_t value = input.byte();
  for (std::uint8_t& byte : image.pixels().mutable_values<std::uint8_t>().value())
    byte = value = static_cast<std::uint8_t>(value * 5 + 3);
  return image;
}

image::PyramidLevels levels_of(DetectInput& input) {
  image::PyramidLevels levels;
  if (input.flag()) levels.scale = input.share() * 4;
  if (input.flag()) levels.factor = input.share();
  if (input.flag()) levels.min_side = input.count();
  return levels;
}

std::vector<float> numbers_of(DetectInput& input) {
  std::vector<float> numbers(input.is_rare() ? input.below(6) : 1);
  for (float& number : numbers) number = input.is_rare() ? input.raw_float() : static_cast<float>(1 + input.byte());
  return numbers;
}

Detections propose(DetectInput& input, const Image& picture) {
  detect::SlidingWindow options;
  options.levels = levels_of(input);
  const image::Pyramid pyramid{options.levels, numbers_of(input), numbers_of(input)};
  const auto levels = run(image::pyramid(pyramid), picture);
  if (levels)
    for (const Tensor& level : *levels)
      require(level.rank() == 3 && level.shape()[0] == static_cast<std::int64_t>(picture.channels()));
  options.score = static_cast<float>(input.share());
  options.level_iou = input.share();
  options.iou = input.share();
  options.top = input.count();
  options.window = input.flag() ? input.count() : 12;
  options.foreground = input.is_rare() ? input.count() : input.below(2);
  std::vector<Tensors> answers(levels ? std::min<std::size_t>(levels->size(), 40) : 0);
  if (input.is_rare()) answers.emplace_back();
  for (Tensors& answer : answers) {
    const std::int64_t height = input.below(9), width = input.below(9);
    answer = {{"scores", input.tensor({2, height, width})}, {"boxes", input.tensor({4, height, width})}};
  }
  const auto found = run(detect::sliding_window(options), std::tuple(picture, answers));
  if (!found) return {};
  require(is_in_order(*found) && static_cast<std::int64_t>(found->size()) <= options.top);
  for (const Detection& one : *found) require(one.score >= options.score && one.index == 0);
  return *found;
}

Detections refine(DetectInput& input, const Detections& found) {
  detect::Refine options;
  options.score = static_cast<float>(input.share());
  if (input.flag()) options.iou = input.share();
  options.inclusive = input.flag();
  options.foreground = input.is_rare() ? input.count() : input.below(2);
  if (input.flag()) options.points = "points";
  std::vector<Tensors> answers(found.size() + (input.is_rare() ? 1 : 0));
  for (Tensors& answer : answers)
    answer = {{"scores", input.tensor({2})}, {"boxes", input.tensor({4})}, {"points", input.tensor({10})}};
  const auto refined = run(detect::refine(options), std::tuple(found, answers));
  if (!refined) return found;
  require(is_in_order(*refined) && refined->size() <= found.size());
  for (const Detection& one : *refined) require(one.score > options.score);
  return *refined;
}

void look(DetectInput& input, const Image& picture, const Detections& found) {
  const bool is_finite = std::all_of(found.begin(), found.end(), [](const Detection& one) {
    return std::isfinite(one.box.x0) && std::isfinite(one.box.y0) && std::isfinite(one.box.x1) &&
           std::isfinite(one.box.y1);
  });
  const auto crops = run(detect::crop({0, false, detect::CropRounding::kFacenet}), std::tuple(picture, found));
  require(crops.has_value() == is_finite);
  if (!crops) return;
  require(crops->size() == found.size());
  const image::AreaToTensor options{1 + input.below(32), 1 + input.below(32), numbers_of(input), numbers_of(input)};
  std::vector<Classes> classes;
  for (const Image& crop : *crops) {
    if (const auto tensor = run(image::area_to_tensor(options), crop)) require(tensor->shape()[1] == options.height);
    classes.push_back(Classes({{input.below(9), "", input.is_rare() ? input.raw_float() : 0.5f}}));
    if (input.is_rare()) classes.back() = Classes();
  }
  const auto named = run(detect::classify(input.one_of<detect::ClassifiedScore>(3)), std::tuple(found, classes));
  if (named) require(is_in_order(*named) && named->size() == found.size());
}

void search(DetectInput& input) {
  const std::int64_t width = 1 + input.below(40);
  const Tensor vector = input.tensor({width});
  if (const auto unit = run(l2_normalize(), vector)) require(unit->shape() == vector.shape());
  const auto table =
      test::accepted(VectorTable::make(input.tensor({1 + input.below(20), width}), input.one_of<Metric>(3)), false);
  if (!table) return;
  const std::int64_t k = input.count();
  const auto nearest_ones = run(nearest(*table, k), vector);
  if (!nearest_ones) return;
  require(static_cast<std::int64_t>(nearest_ones->size()) == std::min(k, table->size()));
  require(std::is_sorted(nearest_ones->begin(), nearest_ones->end(), [](const Class& a, const Class& b) {
    return a.score != b.score ? a.score > b.score : a.index < b.index;
  }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DetectInput input(data, size);
  const Image picture = small_picture(input);
  Detections found = propose(input, picture);
  found = refine(input, found);
  const auto squares = run(detect::square(), found);
  require(squares && squares->size() == found.size());
  detect::Nms suppression;
  suppression.iou = input.share();
  suppression.overlap = input.one_of<detect::Overlap>(2);
  suppression.inclusive = input.flag();
  if (const auto kept = run(detect::nms(suppression), *squares)) require(is_in_order(*kept));
  look(input, picture, *squares);
  search(input);
  return 0;
}

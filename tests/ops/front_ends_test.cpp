// SPDX-License-Identifier: Apache-2.0
// The typed and the config front end are one: same parameters, same graph, same results, same refusals.
#include <gtest/gtest.h>
#include <gantry/classify.hpp>
#include <gantry/detect.hpp>
#include <gantry/embeddings.hpp>
#include <gantry/image.hpp>
#include <gantry/keypoints.hpp>
#include <gantry/segmentation.hpp>
#include <gantry/tensor_ops.hpp>

#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "model/npy.hpp"
#include "ops/png/png_writer.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using nlohmann::json;
using test::FailsWith;
using test::from_config;
using test::run;

constexpr const char* kLabels = "cat\ndog\nbird\nfish\nant\n";

/// What anchors.npy holds.
Tensor three_anchors() {
  const std::vector<float> values = {0, 0, 10, 20, 5, 5, 9, 9, -3, 0, 4, 40};
  return Tensor::from<float>(Span<const float>(values), {3, 4}).value();
}

ConfigContext context_with_labels() {
  ConfigContext context;
  context.files = [](const std::string& name) -> Result<Bytes> {
    if (name == "labels.txt") return Bytes(std::string(kLabels));
    if (name == "empty.txt") return Bytes();
    if (name == "anchors.npy") return detail::to_npy(three_anchors());
    return Error(ErrorCode::kNotFound, "no file '" + name + "'");
  };
  return context;
}

std::string text_of(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous().value();
  return tensor.to_string() + std::string(static_cast<const char*>(dense.data()), dense.size_bytes());
}
std::string text_of(const Image& image) {
  return to_string(image.colour()) + text_of(image.pixels());
}
std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::string text_of(const std::vector<Image>& images) {
  std::string text;
  for (const Image& image : images) text += text_of(image);
  return text;
}
std::string text_of(const std::vector<Tensor>& tensors) {
  std::string text;
  for (const Tensor& tensor : tensors) text += text_of(tensor);
  return text;
}
std::string text_of(const Classes& classes) {
  std::string text;
  for (const Class& entry : classes)
    text += std::to_string(entry.index) + entry.label + std::to_string(entry.score) + ";";
  return text;
}
std::string text_of(const Box& box) {
  std::string text;
  for (const float side : {box.x0, box.y0, box.x1, box.y1}) text += " " + detail::to_text(side);
  return text + ";";
}
std::string text_of(const Keypoints& points) {
  std::string text;
  for (const Keypoint& point : points)
    for (const float number : {point.x, point.y, point.score}) text += " " + detail::to_text(number);
  return text;
}
std::string text_of(const Detections& detections) {
  std::string text;
  for (const Detection& one : detections)
    text += std::to_string(one.index) + one.label + detail::to_text(one.score) + text_of(one.box) +
            text_of(one.keypoints) + one.mask.to_string() +
            (one.soft_mask.empty() ? "" : one.soft_mask.values().to_string());
  return text;
}
std::string text_of(const Masks& masks) {
  std::string text;
  for (const RunLengths& mask : masks) text += mask.to_string() + ";";
  return text;
}
std::string text_of(const Boxes& boxes) {
  std::string text;
  for (const Box& box : boxes) text += text_of(box);
  return text;
}
std::string text_of(const Quads& quads) {
  std::string text;
  for (const FoundQuad& one : quads) {
    for (const Quad::Corner& corner : one.quad.corners)
      text += detail::to_text(corner.x) + " " + detail::to_text(corner.y) + ", ";
    text += detail::to_text(one.score) + ";";
  }
  return text;
}
template <class T>
std::string text_of(const Result<T>& result) {
  return result ? text_of(*result) : result.error().to_string();
}

class FrontEnds : public testing::Test {
 protected:
  std::int64_t below(std::int64_t limit) { return static_cast<std::int64_t>(random_()) % limit; }
  double real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }

  Image random_image() {
    const auto colour = static_cast<Colour>(below(3));
    Image image = Image::make(1 + below(40), 1 + below(40), colour).value();
    auto bytes = image.pixels().mutable_values<std::uint8_t>().value();
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return image;
  }

  std::tuple<Image, Detections> random_detections_in_an_image() {
    const auto side = [&] { return static_cast<float>(real(0, 40)); };
    std::vector<Detection> found;
    for (std::int64_t i = below(4); i > 0; --i)
      found.push_back(
          {below(9), i > 1 ? "cat" : "", side() / 40, {side(), side(), 40, 40}, Keypoints({{side(), 9, 0.5f}})});
    return {random_image(), Detections(found)};
  }

  Tensor random_scores(std::int64_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = static_cast<float>(real(-5, 5));
    return Tensor::from<float>(Span<const float>(values), {count}).value();
  }

  Detections random_detections() {
    std::vector<Detection> entries(static_cast<std::size_t>(below(30)));
    for (Detection& one : entries) {
      one.index = below(4);
      one.score = static_cast<float>(real(0, 1));
      one.box = {static_cast<float>(real(0, 50)), static_cast<float>(real(0, 50)), 0, 0};
      one.box.x1 = one.box.x0 + static_cast<float>(real(0, 30));
      one.box.y1 = one.box.y0 + static_cast<float>(real(0, 30));
    }
    return Detections(std::move(entries));
  }

  /// Each with probabilities over its box, in a picture of 60x50.
  Detections random_shapes() {
    Detections found = random_detections();
    for (Detection& one : found)
      one.soft_mask = SoftMask::over_box(random_f32({3, 3}), one.box).value().within(Frame::of(60, 50));
    return found;
  }
  Detections random_masks() {
    Detections found = random_detections();
    for (Detection& one : found) one.mask = RunLengths(2, 3, {1, static_cast<std::uint32_t>(below(5)), 0});
    return found;
  }

  Tensor random_logits() {
    const std::int64_t classes = 1 + below(4), height = 1 + below(9), width = 1 + below(9);
    return random_scores(classes * height * width).reshape({classes, height, width}).value();
  }

  Tensor random_f32(const Shape& shape) { return random_scores(shape.numel()).reshape(shape).value(); }

  /// Rules of candidates, and a config that says the same.
  detect::Candidates random_candidates(json& config) {
    detect::Candidates rules{static_cast<float>(below(9)) / 16, 1 + below(9), {}};
    config.update({{"score", rules.score}, {"top", rules.top}});
    if (below(2) == 1) config["classes"] = rules.classes = {below(4), below(4)};
    return rules;
  }

  /// Of a head with three anchors, which lie in a file or are among the tensors.
  detect::AnchorHead random_anchor_head(json& config, Tensors& tensors) {
    detect::AnchorHead head;
    if (below(2) == 1) {
      config.update({{"anchors", "anchors.npy"}, {"boxes", "deltas"}, {"scores", "logits"}});
      head = {"deltas", "logits", three_anchors()};
    }
    tensors = {{head.boxes, random_f32({3, 4})},
               {head.scores, random_f32({3, 4})},
               {"anchors", random_f32({3, 4})},
               {"centerness", random_f32({3, 1})}};
    return head;
  }

  Bytes random_png() {
    const std::string pixels{static_cast<char>(random_()), static_cast<char>(random_())};
    return test::PngFile{1, 1, 8, 4, "", {pixels}}.bytes();
  }

  /// Same plan, same result.
  template <class In, class Out>
  void expect_equal(const Stage<In, Out>& typed, const json& config, const In& input) {
    covered_.insert(config.at("op").get<std::string>());
    remember(config);
    auto parsed = from_config<In, Out>(config.dump(), context_with_labels());
    ASSERT_THAT(parsed, test::IsOk()) << config;
    const auto a = compile(typed, test::calling_thread());
    const auto b = compile(*parsed, test::calling_thread());
    ASSERT_THAT(a, test::IsOk());
    ASSERT_THAT(b, test::IsOk());
    EXPECT_EQ(a->explain(), b->explain());
    EXPECT_EQ(text_of(a->run(input)), text_of(b->run(input))) << config;
  }

  void expect_equal_on_detections(const Labels& labels) {
    const bool flag = below(2) == 1;
    expect_equal(detect::clip(), {{"op", "detect.clip"}}, random_detections());
    expect_equal(detect::to_picture(flag), {{"op", "detect.to_picture"}, {"clip", flag}}, random_detections());
    expect_equal(detect::boxes_of(), {{"op", "detect.boxes_of"}}, random_detections());
    expect_equal(detect::masks_of(), {{"op", "detect.masks_of"}}, random_masks());
    const double threshold = real(0, 1);
    expect_equal(detect::paste_masks({threshold}), {{"op", "detect.paste_masks"}, {"threshold", threshold}},
                 random_shapes());
    expect_equal(detect::label(labels), {{"op", "detect.label"}, {"labels", "labels.txt"}}, random_detections());
    const std::int64_t count = 1 + below(20), suppress = below(3);
    const char* const suppressed[] = {"per_class", "any", "torchvision"};
    const double share = real(0, 1);
    expect_equal(detect::nms({share, static_cast<detect::Suppress>(suppress), count}),
                 {{"op", "detect.nms"}, {"iou", share}, {"suppress", suppressed[suppress]}, {"max_count", count}},
                 random_detections());
    detect::SoftNms soft{flag ? detect::Decay::kLinear : detect::Decay::kGaussian,    share, 0.25 + share, share / 8,
                         flag ? detect::Suppress::kAny : detect::Suppress::kPerClass, count};
    expect_equal(detect::soft_nms(soft),
                 {{"op", "detect.soft_nms"},
                  {"decay", flag ? "linear" : "gaussian"},
                  {"iou", share},
                  {"sigma", soft.sigma},
                  {"score", soft.score},
                  {"suppress", flag ? "any" : "per_class"},
                  {"max_count", count}},
                 random_detections());
    const auto overlap = flag ? detect::Overlap::kSmaller : detect::Overlap::kUnion;
    expect_equal(detect::nms({share, detect::Suppress::kAny, count, overlap, !flag || share < 0.5}),
                 {{"op", "detect.nms"},
                  {"iou", share},
                  {"suppress", "any"},
                  {"max_count", count},
                  {"overlap", flag ? "smaller" : "union"},
                  {"inclusive", !flag || share < 0.5}},
                 random_detections());
    expect_equal(detect::crop({share, flag}), {{"op", "detect.crop"}, {"margin", share}, {"square", flag}},
                 std::tuple(random_image(), random_detections()));
    expect_equal(detect::crop({share, flag, detect::CropRounding::kFacenet}),
                 {{"op", "detect.crop"}, {"margin", share}, {"square", flag}, {"rounding", "facenet"}},
                 std::tuple(random_image(), random_detections()));
    const double score = real(-1, 1);
    expect_equal(detect::filter({static_cast<float>(score),
                                 {1, 3},
                                 static_cast<float>(share),
                                 flag ? 0 : count,
                                 {static_cast<float>(share / 3), 0.5f, static_cast<float>(share), 1}}),
                 {{"op", "detect.filter"},
                  {"score", score},
                  {"class_scores", {share / 3, 0.5, share, 1}},
                  {"classes", {1, 3}},
                  {"min_side", share},
                  {"max_count", flag ? 0 : count}},
                 random_detections());
  }

  Quads random_quads() {
    std::vector<FoundQuad> entries(static_cast<std::size_t>(below(5)));
    for (FoundQuad& one : entries) {
      const float x = static_cast<float>(real(0, 30)), y = static_cast<float>(real(0, 30));
      one.quad.corners = {{{x, y}, {x + 9, y + 1}, {x + 8, y + 6}, {x - 1, y + 5}}};
      one.score = static_cast<float>(real(0, 1));
    }
    return Quads(std::move(entries));
  }

  void expect_equal_on_quads() {
    const double share = real(0, 1), length = real(1, 9);
    const bool flag = below(2) == 1;
    const std::int64_t count = 1 + below(40);
    expect_equal(detect::db({static_cast<float>(share), flag, share / 2, length, length, count}),
                 {{"op", "detect.db"},
                  {"threshold", share},
                  {"dilate", flag},
                  {"box_threshold", share / 2},
                  {"unclip_ratio", length},
                  {"min_side", length},
                  {"max_candidates", count}},
                 random_f32({1 + below(30), 1 + below(30)}));
    expect_equal(detect::quads_to_picture({flag, !flag, length}),
                 {{"op", "detect.quads_to_picture"}, {"round", flag}, {"clip", !flag}, {"min_side", length}},
                 random_quads());
    expect_equal(detect::crop_quads({flag ? count : 0, count, share, 9 * count,
                                     flag ? detect::BadQuad::kSkip : detect::BadQuad::kRefuse}),
                 {{"op", "detect.crop_quads"},
                  {"width", flag ? count : 0},
                  {"height", count},
                  {"turn_from", share},
                  {"max_pixels", 9 * count},
                  {"bad", flag ? "skip" : "refuse"}},
                 std::tuple(random_image(), random_quads()));
    const std::int64_t line_width = below(9);
    expect_equal(detect::draw_quads({line_width}), {{"op", "detect.draw_quads"}, {"line_width", line_width}},
                 std::tuple(random_image(), random_quads()));
  }

  void expect_equal_classifiers(const Labels& labels) {
    const double temperature = real(0.1, 4), threshold = real(-5, 5);
    expect_equal(softmax(), {{"op", "softmax"}}, random_scores(5));
    expect_equal(softmax(temperature), {{"op", "softmax"}, {"temperature", temperature}}, random_scores(5));
    expect_equal(sigmoid(temperature), {{"op", "sigmoid"}, {"temperature", temperature}}, random_scores(5));
    expect_equal(above({{static_cast<float>(threshold)}, 2, labels}),
                 {{"op", "above"}, {"threshold", threshold}, {"max_count", 2}, {"labels", "labels.txt"}},
                 random_scores(5));
    expect_equal(above({{0.5f, 0, -0.25f}}), {{"op", "above"}, {"threshold", {0.5, 0, -0.25}}}, random_scores(3));
  }

  void expect_equal_on_labels() {
    const bool flag = below(2) == 1;
    const std::int64_t stride = 1 + below(9), background = below(5) - 1, first = below(4);
    const auto outside = static_cast<std::int32_t>(below(9) - 1);
    expect_equal(segment({0, 0, SegmentSize::kPicture, stride, outside}),
                 {{"op", "segment"}, {"size", "picture"}, {"stride", stride}, {"outside", outside}}, random_logits());
    const double share = real(0, 1);
    expect_equal(segment_binary({share, flag, {stride, 9}}),
                 {{"op", "segment.binary"},
                  {"threshold", share},
                  {"values", flag ? "logits" : "probabilities"},
                  {"height", stride},
                  {"width", 9}},
                 random_f32({5, 4}));
    std::vector<std::int32_t> values(12);
    for (std::int32_t& value : values) value = static_cast<std::int32_t>(below(4));
    const Tensor labels = Tensor::from<std::int32_t>(Span<const std::int32_t>(values), {3, 4}).value();
    expect_equal(label_masks({first, 2}), {{"op", "segment.masks"}, {"classes", {first, 2}}}, labels);
    expect_equal(label_image(), {{"op", "segment.to_image"}}, labels);
    expect_equal(label_image(LabelColours::kPalette, background),
                 {{"op", "segment.to_image"}, {"colours", "palette"}, {"background", background}}, labels);
    const Image image = Image::make(4, 3, Colour::kRgb).value();
    expect_equal(overlay({share, background}),
                 {{"op", "segment.overlay"}, {"alpha", share}, {"background", background}}, std::tuple(image, labels));
  }

  /// Both front ends refuse it, for the same reason.
  template <class In, class Out>
  void expect_refused(const Stage<In, Out>& typed, const json& config, const std::string& reason) {
    ASSERT_NE(typed.error(), nullptr) << config;
    EXPECT_EQ(typed.error()->message(), reason);
    EXPECT_THAT(compile(typed, test::calling_thread()), FailsWith(ErrorCode::kInvalidArgument, reason));
    EXPECT_THAT(
        (from_config<In, Out>(config.dump())),
        FailsWith(ErrorCode::kInvalidArgument, "pipeline[0]: '" + config.at("op").get<std::string>() + "': " + reason));
  }

  /// "op key", of which the value is a number or a list of them, with a config that has it.
  void remember(const json& config) {
    for (const auto& [key, value] : config.items())
      if (value.is_number() || (value.is_array() && !value.empty() && value[0].is_number()))
        numbers_.emplace(config.at("op").get<std::string>() + " " + key, std::pair(key, config));
  }

  template <class F>
  std::set<std::string> numbers_that(F fits) const {
    std::set<std::string> names;
    for (const auto& [name, number] : numbers_)
      if (fits(number.first, number.second)) names.insert(name);
    return names;
  }

  void expect_equal_anchor_decoders();
  void expect_equal_box_decoders();
  void expect_equal_yolo_decoders();
  void expect_equal_map_decoders();
  void expect_equal_on_keypoints();
  void expect_equal_areas();
  void expect_equal_cascades();
  void expect_equal_embeddings();

  std::mt19937 random_{7};
  std::set<std::string> covered_;
  std::map<std::string, std::pair<std::string, json>> numbers_;
};

/// The parameters that are no whole numbers.
const std::set<std::string> kFractions = {"above threshold",
                                          "detect.crop margin",
                                          "detect.crop_quads turn_from",
                                          "detect.db box_threshold",
                                          "detect.db min_side",
                                          "detect.db threshold",
                                          "detect.db unclip_ratio",
                                          "detect.filter class_scores",
                                          "detect.filter min_side",
                                          "detect.filter score",
                                          "detect.nms iou",
                                          "detect.paste_masks threshold",
                                          "detect.quads_to_picture min_side",
                                          "detect.refine iou",
                                          "detect.refine score",
                                          "detect.sliding_window factor",
                                          "detect.sliding_window iou",
                                          "detect.sliding_window level_iou",
                                          "detect.sliding_window scale",
                                          "detect.sliding_window score",
                                          "image.area_to_tensor mean",
                                          "image.area_to_tensor std",
                                          "image.pyramid factor",
                                          "image.pyramid mean",
                                          "image.pyramid scale",
                                          "image.pyramid std",
                                          "l2_normalize eps",
                                          "detect.soft_nms iou",
                                          "detect.soft_nms score",
                                          "detect.soft_nms sigma",
                                          "detect.boxes score",
                                          "detect.centernet score",
                                          "detect.detr score",
                                          "detect.draw keypoint_score",
                                          "detect.draw mask_alpha",
                                          "detect.fcos score",
                                          "detect.picodet score",
                                          "detect.retinanet score",
                                          "detect.ssd score",
                                          "detect.yolov5 score",
                                          "detect.yolov8 score",
                                          "detect.yolov8_raw score",
                                          "detect.yolov8_seg score",
                                          "detect.yolox score",
                                          "segment.binary threshold",
                                          "segment.overlay alpha",
                                          "image.affine angle",
                                          "image.affine centre",
                                          "image.affine scale",
                                          "image.affine shear_x",
                                          "image.affine shear_y",
                                          "image.affine translate_x",
                                          "image.affine translate_y",
                                          "image.crop_short fraction",
                                          "image.perspective end",
                                          "image.perspective start",
                                          "image.raw_to_tensor scale",
                                          "image.resize box",
                                          "image.resize reducing_gap",
                                          "image.thumbnail reducing_gap",
                                          "image.to_tensor mean",
                                          "image.to_tensor scale",
                                          "image.to_tensor std",
                                          "normalize mean",
                                          "normalize std",
                                          "pad_to value",
                                          "sigmoid temperature",
                                          "softmax temperature"};

bool is_fraction(const std::string& key, const json& config) {
  const json& value = config.at(key);
  const double number = (value.is_array() ? value[0] : value).get<double>();
  return number != std::floor(number);
}

/// So little that a float would lose it.
constexpr double kNoFloat = 0x1p-40;

/// Whether the config takes one there.
bool may_be_a_fraction(const std::string& key, json config) {
  json& value = config.at(key);
  if (!value.is_array()) value = json::array({value});
  for (json& number : value) number = number.get<double>() + kNoFloat;
  if (value.size() == 1) value = json(value[0]);
  const auto parsed =
      detail::parse_stages(json::array({config}).dump(), nullptr, nullptr, Registry::builtin(), context_with_labels());
  if (parsed) return true;
  const std::string error = parsed.error().to_string();
  return error.find("expected an integer") == std::string::npos &&
         error.find("value: must be 0..255") == std::string::npos;
}

const char* const kFilters[] = {"box",     "bilinear",      "hamming", "bicubic", "lanczos",
                                "nearest", "nearest_exact", "area",    "lanczos4"};  // up to "nearest" Pillow's

const char* const kFormats[] = {"rgb", "bgr", "rgba", "bgra", "gray", "nv12", "nv21", "i420"};
const char* const kSamples[] = {"u8", "u16", "f32"};

void FrontEnds::expect_equal_areas() {
  const std::int64_t width = 1 + below(30), height = 1 + below(30), least = 1 + below(12);
  const double mean = real(-200, 200), std = real(1, 200), scale = real(0.1, 2), factor = real(0.3, 0.9);
  const std::vector<float> means = {static_cast<float>(mean)}, deviations = {static_cast<float>(std)};
  expect_equal(image::area_to_tensor({width, height, means, deviations}),
               {{"op", "image.area_to_tensor"}, {"width", width}, {"height", height}, {"mean", mean}, {"std", std}},
               random_image());
  expect_equal(image::pyramid({{scale, factor, least}, means, deviations}),
               {{"op", "image.pyramid"},
                {"scale", scale},
                {"factor", factor},
                {"min_side", least},
                {"mean", mean},
                {"std", std}},
               random_image());
}

void FrontEnds::expect_equal_cascades() {
  const Image picture = Image::make(30 + below(9), 30 + below(9), Colour::kRgb).value();
  detect::SlidingWindow window;
  window.levels = {real(0.3, 0.6), real(0.4, 0.8), 6 + below(6)};
  window.window = 6 + below(9);
  window.stride = 1 + below(4);
  const double score = real(0, 1), level_iou = real(0, 1), iou = real(0, 1);
  window.score = static_cast<float>(score);
  window.level_iou = level_iou;
  window.iou = iou;
  window.top = 1 + below(50);
  window.foreground = below(2);
  window.scores = "s";
  window.boxes = "b";
  std::vector<Tensors> levels;
  for (std::size_t i = 0; i < window.levels.scales(picture.width(), picture.height()).size(); ++i)
    levels.push_back({{"s", random_f32({2, 5, 4})}, {"b", random_f32({4, 5, 4})}});
  expect_equal(detect::sliding_window(window),
               {{"op", "detect.sliding_window"},
                {"scale", window.levels.scale},
                {"factor", window.levels.factor},
                {"min_side", window.levels.min_side},
                {"window", window.window},
                {"stride", window.stride},
                {"score", score},
                {"level_iou", level_iou},
                {"iou", iou},
                {"top", window.top},
                {"foreground", window.foreground},
                {"scores", "s"},
                {"boxes", "b"}},
               std::tuple(picture, levels));
  const Detections found = random_detections();
  std::vector<Tensors> answers;
  std::vector<Classes> classes;
  for (std::size_t i = 0; i < found.size(); ++i) {
    answers.push_back({{"s", random_f32({2})}, {"b", random_f32({4})}, {"p", random_f32({10})}});
    classes.push_back(Classes({{below(9), "a", static_cast<float>(real(0, 1))}}));
  }
  detect::Refine refine;
  refine.score = static_cast<float>(score);
  refine.iou = iou;
  refine.inclusive = below(2) == 1;
  refine.foreground = window.foreground;
  refine.scores = "s";
  refine.boxes = "b";
  refine.points = "p";
  expect_equal(detect::refine(refine),
               {{"op", "detect.refine"},
                {"score", score},
                {"iou", iou},
                {"inclusive", refine.inclusive},
                {"foreground", refine.foreground},
                {"scores", "s"},
                {"boxes", "b"},
                {"points", "p"}},
               std::tuple(found, answers));
  expect_equal(detect::square(), {{"op", "detect.square"}}, found);
  const char* const rules[] = {"class", "detection", "product"};
  const std::int64_t rule = below(3);
  expect_equal(detect::classify(static_cast<detect::ClassifiedScore>(rule)),
               {{"op", "detect.classify"}, {"score", rules[rule]}}, std::tuple(found, classes));
}

void FrontEnds::expect_equal_embeddings() {
  const double eps = real(0, 9) + 1e-30;
  expect_equal(l2_normalize(eps), {{"op", "l2_normalize"}, {"eps", eps}}, random_logits());
  const char* const metrics[] = {"cosine", "dot", "l2"};
  const std::int64_t metric = below(3), k = 1 + below(5);
  expect_equal(nearest(VectorTable::make(three_anchors(), static_cast<Metric>(metric)).value(), k),
               {{"op", "embeddings.nearest"}, {"table", "anchors.npy"}, {"metric", metrics[metric]}, {"k", k}},
               random_scores(4));
}

/// Decoders: rules, tensors and names, each at random.
void FrontEnds::expect_equal_anchor_decoders() {
  json config = {{"op", "detect.ssd"}};
  Tensors tensors;
  const detect::Candidates of_ssd = random_candidates(config);
  const detect::AnchorHead ssd_head = random_anchor_head(config, tensors);
  expect_equal(detect::ssd({of_ssd, ssd_head}), config, tensors);
  config = {{"op", "detect.retinanet"}};
  detect::Retinanet retinanet;
  retinanet.candidates = random_candidates(config);
  retinanet.head = random_anchor_head(config, tensors);
  retinanet.levels = {1, 2};
  config["levels"] = retinanet.levels;
  expect_equal(detect::retinanet(retinanet), config, tensors);
  config = {{"op", "detect.fcos"}};
  detect::Fcos fcos;
  fcos.candidates = random_candidates(config);
  fcos.head = random_anchor_head(config, tensors);
  fcos.levels = {2, 1};
  config["levels"] = fcos.levels;
  if (below(2) == 1) config["centerness"] = fcos.centerness = tensors[3].name = "centres";
  expect_equal(detect::fcos(fcos), config, tensors);
}

void FrontEnds::expect_equal_box_decoders() {
  const bool flag = below(2) == 1;
  json config = {{"op", "detect.detr"}, {"boxes", "b"}, {"scores", "s"}, {"width", 1 + below(99)}, {"height", 9}};
  const Tensors tensors = {{"b", random_f32({5, 4})}, {"s", random_f32({5, 4})}};
  detect::Detr detr;
  detr.candidates = random_candidates(config);
  detr.activation = flag ? detect::Activation::kSigmoid : detect::Activation::kSoftmax;
  config["activation"] = flag ? "sigmoid" : "softmax";
  detr.boxes = "b";
  detr.scores = "s";
  detr.width = config["width"];
  detr.height = 9;
  expect_equal(detect::detr(detr), config, tensors);
  const char* const formats[] = {"xyxy", "xywh", "cxcywh"};
  const char* const activations[] = {"none", "softmax", "sigmoid"};
  const std::int64_t format = below(3), activation = below(3);
  detect::BoxHead head;
  config = {{"op", "detect.boxes"},
            {"boxes", "b"},
            {"scores", "s"},
            {"labels", "l"},
            {"format", formats[format]},
            {"activation", activations[activation]},
            {"relative", flag},
            {"multi_label", !flag},
            {"background", below(5) - 1},
            {"width", flag ? 7 : 0},
            {"height", flag ? 8 : 0}};
  head.candidates = random_candidates(config);
  head.format = static_cast<detect::BoxFormat>(format);
  head.activation = static_cast<detect::Activation>(activation);
  head.relative = flag;
  head.multi_label = !flag;
  head.background = config["background"];
  head.width = config["width"];
  head.height = config["height"];
  head.boxes = "b";
  head.scores = "s";
  head.labels = "l";
  expect_equal(detect::boxes(head), config, tensors);
  config.update({{"keypoints", "k"}, {"keypoint_scores", flag ? "ks" : ""}, {"masks", "m"}});
  head.keypoints = "k";
  head.keypoint_scores = config["keypoint_scores"];
  head.masks = "m";
  expect_equal(detect::boxes(head), config,
               Tensors{{"b", random_f32({5, 4})},
                       {"s", random_f32({5, 4})},
                       {"k", random_f32({5, 2, flag ? 2 : 3})},
                       {"ks", random_f32({5, 2})},
                       {"m", random_f32({5, 2, 3})}});
}

void FrontEnds::expect_equal_on_keypoints() {
  const bool flag = below(2) == 1;
  const std::int64_t stride = 1 + below(9);
  expect_equal(keypoints::heatmaps({stride, flag ? keypoints::Refine::kNone : keypoints::Refine::kQuarter,
                                    flag ? detect::Activation::kSigmoid : detect::Activation::kNone}),
               {{"op", "keypoints.heatmaps"},
                {"stride", stride},
                {"refine", flag ? "none" : "quarter"},
                {"activation", flag ? "sigmoid" : "none"}},
               random_logits());
  const std::int64_t width = flag ? stride : 0, height = flag ? 8 : 0;
  expect_equal(
      keypoints::points({flag, width, height, !flag}),
      {{"op", "keypoints.points"}, {"relative", flag}, {"width", width}, {"height", height}, {"y_first", !flag}},
      random_f32({4, flag ? 2 : 3}));
  expect_equal(keypoints::to_picture(flag), {{"op", "keypoints.to_picture"}, {"clip", flag}},
               Keypoints({{1, 2, 0.5f}}));
}

void FrontEnds::expect_equal_yolo_decoders() {
  const bool flag = below(2) == 1;
  const std::int64_t class_count = below(4);
  const auto layout = flag ? detect::HeadLayout::kChannelsFirst : detect::HeadLayout::kChannelsLast;
  const char* const layout_name = flag ? "channels_first" : "channels_last";
  const json classes = {{"multi_label", flag}, {"class_count", class_count}};
  const auto config_of = [&](const char* op, const json& more) {
    json config = {{"op", op}};
    config.update(classes);
    config.update(more);
    return config;
  };
  json config = config_of("detect.yolov5", json::object());
  const detect::Candidates of_v5 = random_candidates(config);
  expect_equal(detect::yolov5({of_v5, flag, class_count}), config, random_f32({6, 8}));
  config = config_of("detect.yolov8", {{"layout", layout_name}});
  const detect::Candidates of_v8 = random_candidates(config);
  expect_equal(detect::yolov8({of_v8, layout, flag, class_count}), config, random_f32({8, 9}));
  config.update({{"keypoints", 2}, {"keypoint_scores", flag}});
  expect_equal(detect::yolov8({of_v8, layout, flag, class_count, 2, flag}), config, random_f32({16, 15}));
  config = {{"op", "detect.yolov8_seg"}, {"layout", layout_name}, {"multi_label", flag},
            {"stride", 1 + below(9)},    {"head", "h"},           {"prototypes", "p"}};
  detect::Yolov8Seg of_shapes;
  of_shapes.candidates = random_candidates(config);
  of_shapes.layout = layout;
  of_shapes.multi_label = flag;
  of_shapes.stride = config["stride"];
  of_shapes.head = "h";
  of_shapes.prototypes = "p";
  expect_equal(detect::yolov8_seg(of_shapes), config, Tensors{{"h", random_f32({9, 9})}, {"p", random_f32({2, 2, 3})}});
  config = config_of("detect.yolov8_raw",
                     {{"layout", layout_name}, {"width", 16}, {"height", 24}, {"strides", 8}, {"bins", 2}});
  const detect::Candidates of_raw = random_candidates(config);
  expect_equal(detect::yolov8_raw({16, 24, {8}, 2, of_raw, layout, flag, class_count}), config,
               random_f32(flag ? Shape{11, 6} : Shape{6, 11}));
  config = config_of("detect.yolox", {{"width", 16}, {"height", 24}, {"strides", {8, 16}}});
  const detect::Candidates of_yolox = random_candidates(config);
  expect_equal(detect::yolox({16, 24, {8, 16}, of_yolox, flag, class_count}), config, random_f32({8, 8}));
}

void FrontEnds::expect_equal_map_decoders() {
  const bool flag = below(2) == 1;
  json config = {{"op", "detect.centernet"},
                 {"stride", 1 + below(9)},
                 {"heatmap", "h"},
                 {"sizes", "s"},
                 {"offset", flag ? "o" : ""},
                 {"activation", flag ? "none" : "sigmoid"}};
  detect::Centernet centernet;
  centernet.candidates = random_candidates(config);
  centernet.stride = config["stride"];
  centernet.activation = flag ? detect::Activation::kNone : detect::Activation::kSigmoid;
  centernet.heatmap = "h";
  centernet.sizes = "s";
  centernet.offset = flag ? "o" : "";
  expect_equal(detect::centernet(centernet), config,
               Tensors{{"h", random_f32({2, 4, 5})}, {"s", random_f32({2, 4, 5})}, {"o", random_f32({2, 4, 5})}});
  config = {{"op", "detect.picodet"}, {"width", 16},         {"height", 8},
            {"strides", {8, 16}},     {"multi_label", flag}, {"activation", flag ? "none" : "sigmoid"}};
  detect::Picodet picodet;
  picodet.width = 16;
  picodet.height = 8;
  picodet.strides = {8, 16};
  picodet.candidates = random_candidates(config);
  picodet.multi_label = flag;
  picodet.activation = flag ? detect::Activation::kNone : detect::Activation::kSigmoid;
  expect_equal(
      detect::picodet(picodet), config,
      Tensors{
          {"a", random_f32({2, 3})}, {"b", random_f32({1, 3})}, {"c", random_f32({2, 12})}, {"d", random_f32({1, 8})}});
}

TEST_F(FrontEnds, BuildTheSameOps) {
  const Labels labels = Labels::parse(Bytes(std::string(kLabels))).value();
  for (int round = 0; round < 60; ++round) {
    const std::int64_t width = 1 + below(50), height = 1 + below(50), filter = below(6);
    const std::int64_t left = below(60) - 20, top = below(60) - 20;
    const auto typed_filter = static_cast<image::Filter>(filter);
    const bool flag = below(2) == 1;
    image::Decode decode{flag ? image::ColourMode::kUnchanged : image::ColourMode::kRgb,
                         below(2) == 1,
                         1 + below(9),
                         1 + below(200),
                         1 + below(9),
                         flag ? image::Truncated::kAccept : image::Truncated::kRefuse,
                         below(9)};
    expect_equal(image::decode(decode),
                 {{"op", "image.decode"},
                  {"colour", flag ? "unchanged" : "rgb"},
                  {"exif_orientation", decode.exif_orientation},
                  {"max_pixels", decode.max_pixels},
                  {"max_bytes", decode.max_bytes},
                  {"max_scans", decode.max_scans},
                  {"truncated", flag ? "accept" : "refuse"},
                  {"approx_size", decode.approx_size}},
                 random_png());
    expect_equal(image::resize(width, height, typed_filter),
                 {{"op", "image.resize"}, {"width", width}, {"height", height}, {"filter", kFilters[filter]}},
                 random_image());
    expect_equal(image::resize_short(width, typed_filter),
                 {{"op", "image.resize_short"}, {"size", width}, {"filter", kFilters[filter]}}, random_image());
    expect_equal(image::center_crop(width, height), {{"op", "image.center_crop"}, {"width", width}, {"height", height}},
                 random_image());
    expect_equal(image::center_crop(width), {{"op", "image.center_crop"}, {"size", width}}, random_image());
    expect_equal(image::center_crop(width, height, image::Centre::kFloor),
                 {{"op", "image.center_crop"}, {"width", width}, {"height", height}, {"centre", "floor"}},
                 random_image());
    expect_equal(image::center_crop(width, image::Centre::kTruncate, {1, 2, 3}),
                 {{"op", "image.center_crop"}, {"size", width}, {"centre", "truncate"}, {"value", {1, 2, 3}}},
                 random_image());
    const double fraction = real(0.1, 1);
    expect_equal(image::crop_short(fraction, image::Centre::kTruncate),
                 {{"op", "image.crop_short"}, {"fraction", fraction}, {"centre", "truncate"}}, random_image());
    image::PadTo larger;
    json larger_config = {{"op", "image.pad_to"}, {"anchor", flag ? "top_left" : "centre"}, {"value", {9, 8, 7, 6}}};
    larger.anchor = flag ? image::Anchor::kTopLeft : image::Anchor::kCentre;
    larger.value = {9, 8, 7, 6};
    if (round % 3 == 0) larger_config["square"] = larger.square = true;
    if (round % 3 == 1) larger_config["multiple"] = larger.multiple = width;
    if (round % 3 == 2) larger_config["width"] = larger_config["height"] = larger.width = larger.height = 20 + width;
    expect_equal(image::pad_to(larger), larger_config, random_image());
    image::Fit fit{width, height, static_cast<image::FitTo>(below(3)), image::Rounding::kRound, below(4), typed_filter};
    const char* const kFits[] = {"inside", "cover", "nearest"};
    json fit_config = {{"op", "image.resize_fit"}, {"width", width},
                       {"height", height},         {"fit", kFits[static_cast<std::size_t>(fit.fit)]},
                       {"multiple", fit.multiple}, {"filter", kFilters[filter]}};
    if (fit.multiple == 0 && flag) fit.rounding = image::Rounding::kTruncate, fit_config["rounding"] = "truncate";
    expect_equal(image::resize_fit(fit), fit_config, random_image());
    expect_equal(image::crop(left, top, width, height),
                 {{"op", "image.crop"}, {"left", left}, {"top", top}, {"width", width}, {"height", height}},
                 random_image());
    const std::int64_t format = below(8);
    image::Raw frame{static_cast<image::RawFormat>(format), 2, 2, flag ? 20 : 0};
    json raw = {{"op", "image.from_raw"}, {"format", kFormats[format]}, {"width", 2}, {"height", 2}};
    if (flag) raw["row_stride"] = 20;
    expect_equal(image::from_raw(frame), raw, Bytes(std::string(40, 'x')));
    const image::RawSamples samples{static_cast<image::RawSample>(below(3)),          1,   2, 2,
                                    flag ? image::Layout::kChw : image::Layout::kHwc, 0.5f};
    expect_equal(image::raw_to_tensor(samples),
                 {{"op", "image.raw_to_tensor"},
                  {"sample", kSamples[static_cast<std::size_t>(samples.sample)]},
                  {"width", 1},
                  {"height", 2},
                  {"channels", 2},
                  {"layout", flag ? "chw" : "hwc"},
                  {"scale", 0.5}},
                 Bytes(std::string("12345678")));
    expect_equal(image::to_tensor(image::affine(100, 30)),
                 {{"op", "image.to_tensor"}, {"mode", "affine"}, {"mean", 100}, {"std", 30}}, random_image());
    expect_equal(image::to_tensor(image::scaled({0.5f}, {0.25f}, 0.125)),
                 {{"op", "image.to_tensor"}, {"mode", "scaled"}, {"mean", 0.5}, {"std", 0.25}, {"scale", 0.125}},
                 random_image());
    image::Affine turned;
    turned.angle = static_cast<double>(below(360));
    turned.translate_x = 2.5;
    turned.translate_y = -1;
    turned.scale = 0.75;
    turned.shear_x = 10;
    turned.shear_y = static_cast<double>(below(20));
    json turned_config = {{"op", "image.affine"},
                          {"angle", turned.angle},
                          {"translate_x", 2.5},
                          {"translate_y", -1},
                          {"scale", 0.75},
                          {"shear_x", 10},
                          {"shear_y", turned.shear_y},
                          {"filter", flag ? "bilinear" : "nearest"}};
    turned.how.filter = flag ? image::Filter::kBilinear : image::Filter::kNearest;
    if (flag) {
      turned.how.fill = 9;
      turned.centre = {3, 4.5};
      turned_config["fill"] = 9;
      turned_config["centre"] = {3, 4.5};
    }
    expect_equal(image::affine(turned), turned_config, random_image());
    const image::Perspective tilted{{{{0, 0}, {9, 0}, {9, 9}, {0, 9}}}, {{{1, 0}, {8, 2}, {9, 9}, {0, 7}}}, {}};
    expect_equal(image::perspective(tilted),
                 {{"op", "image.perspective"}, {"start", {0, 0, 9, 0, 9, 9, 0, 9}}, {"end", {1, 0, 8, 2, 9, 9, 0, 7}}},
                 random_image());
    const std::int64_t mode = below(4);
    Interpolate planes{width, height, static_cast<Interpolation>(mode), flag && mode > 1, !flag && mode > 1};
    const char* const kModes[] = {"nearest", "nearest_exact", "bilinear", "bicubic"};
    json planes_config = {{"op", "interpolate"}, {"width", width}, {"height", height}, {"mode", kModes[mode]}};
    if (mode > 1) planes_config[flag ? "antialias" : "align_corners"] = true;
    expect_equal(interpolate(planes), planes_config, random_logits());
    planes.width = planes.height = 0;
    planes.min_size = planes_config["min_size"] = 30 + width;
    planes.max_size = planes_config["max_size"] = 60 + height;
    for (const char* const side : {"width", "height"}) planes_config.erase(side);
    expect_equal(interpolate(planes), planes_config, random_logits());
    expect_equal(pad_to_multiple(width, 0.5f), {{"op", "pad_to"}, {"multiple", width}, {"value", 0.5}},
                 random_logits());
    expect_equal(pad_to(9 + width, 9 + height, 0.5f),
                 {{"op", "pad_to"}, {"width", 9 + width}, {"height", 9 + height}, {"value", 0.5}}, random_logits());
    expect_equal(normalize({0.5f}, {0.25f}), {{"op", "normalize"}, {"mean", 0.5}, {"std", {0.25}}}, random_logits());
    image::Resize boxed;
    boxed.width = width;
    boxed.height = height;
    boxed.how = typed_filter;
    boxed.box = image::Box{0.25f, 0, 0.5f + static_cast<float>(below(40)), 0.1f};
    boxed.reducing_gap = 1.1;
    expect_equal(image::resize(boxed),
                 {{"op", "image.resize"},
                  {"width", width},
                  {"height", height},
                  {"filter", kFilters[filter]},
                  {"box", {0.25, 0, boxed.box->right, 0.1}},
                  {"reducing_gap", 1.1}},
                 random_image());
    image::Thumbnail thumbnail;
    thumbnail.width = width;
    thumbnail.height = height;
    thumbnail.filter = typed_filter;
    thumbnail.reducing_gap = flag ? 1.5 : 0;
    expect_equal(image::thumbnail(thumbnail),
                 {{"op", "image.thumbnail"},
                  {"width", width},
                  {"height", height},
                  {"filter", kFilters[filter]},
                  {"reducing_gap", thumbnail.reducing_gap}},
                 random_image());
    const image::Resampling torch_u8{flag ? image::Filter::kBicubic : image::Filter::kBilinear,
                                     image::Reference::kTorchU8};
    const image::Resampling of_torch{flag ? image::Filter::kBicubic : image::Filter::kNearestExact,
                                     image::Reference::kTorchU8, false};
    expect_equal(image::resize_long(width, of_torch),
                 {{"op", "image.resize_long"},
                  {"size", width},
                  {"filter", flag ? "bicubic" : "nearest_exact"},
                  {"reference", "torch_u8"},
                  {"antialias", false}},
                 random_image());
    const std::int64_t wide = 7 + below(2);
    expect_equal(image::resize(width, height, {static_cast<image::Filter>(wide), image::Reference::kOpenCv}),
                 {{"op", "image.resize"},
                  {"width", width},
                  {"height", height},
                  {"filter", kFilters[wide]},
                  {"reference", "opencv"}},
                 random_image());
    expect_equal(image::resize(width, height, torch_u8),
                 {{"op", "image.resize"},
                  {"width", width},
                  {"height", height},
                  {"filter", flag ? "bicubic" : "bilinear"},
                  {"reference", "torch_u8"}},
                 random_image());
    expect_equal(
        image::resize_short(width, typed_filter, width + height),
        {{"op", "image.resize_short"}, {"size", width}, {"filter", kFilters[filter]}, {"max_size", width + height}},
        random_image());
    expect_equal(image::resize_short(width, typed_filter, width + 1, image::Rounding::kRound),
                 {{"op", "image.resize_short"},
                  {"size", width},
                  {"filter", kFilters[filter]},
                  {"max_size", width + 1},
                  {"rounding", "round"}},
                 random_image());
    expect_equal(image::resize_long(width, typed_filter),
                 {{"op", "image.resize_long"}, {"size", width}, {"filter", kFilters[filter]}}, random_image());
    expect_equal(
        image::resize_long(20 + width, typed_filter, image::Rounding::kHalfUp),
        {{"op", "image.resize_long"}, {"size", 20 + width}, {"filter", kFilters[filter]}, {"rounding", "half_up"}},
        random_image());
    image::Letterbox letterbox;
    letterbox.width = width;
    letterbox.height = height;
    letterbox.value = static_cast<std::uint8_t>(below(256));
    letterbox.scale_up = flag;
    expect_equal(image::letterbox(letterbox),
                 {{"op", "image.letterbox"},
                  {"width", width},
                  {"height", height},
                  {"value", letterbox.value[0]},
                  {"scale_up", flag}},
                 random_image());
    expect_equal(image::unletterbox({flag}), {{"op", "image.unletterbox"}, {"clip", flag}},
                 random_scores(8).reshape({2, 4}).value());
    const image::Encode file{flag ? image::FileFormat::kJpeg : image::FileFormat::kPng, 1 + below(95)};
    expect_equal(image::encode(file),
                 {{"op", "image.encode"}, {"format", flag ? "jpeg" : "png"}, {"quality", file.quality}},
                 random_image());
    const detect::Draw drawing{below(9), below(4), flag, below(2) == 1, 0.25, 0.75};
    expect_equal(detect::draw(drawing),
                 {{"op", "detect.draw"},
                  {"line_width", drawing.line_width},
                  {"text_scale", drawing.text_scale},
                  {"labels", drawing.labels},
                  {"scores", drawing.scores},
                  {"keypoint_score", 0.25},
                  {"mask_alpha", 0.75}},
                 random_detections_in_an_image());
    const std::int64_t turns = below(4);
    expect_equal(image::rotate90(turns), {{"op", "image.rotate90"}, {"turns", turns}}, random_image());
    image::Pad edge{below(9), below(9), below(9), below(9), 0, image::PadMode::kEdge};
    expect_equal(image::pad(edge),
                 {{"op", "image.pad"},
                  {"left", edge.left},
                  {"top", edge.top},
                  {"right", edge.right},
                  {"bottom", edge.bottom},
                  {"mode", "edge"}},
                 random_image());
    expect_equal(image::five_crop(width, height), {{"op", "image.five_crop"}, {"width", width}, {"height", height}},
                 random_image());
    expect_equal(image::five_crop(width), {{"op", "image.five_crop"}, {"size", width}}, random_image());
    const image::Pad pad{below(9), below(9), below(9), below(9), static_cast<std::uint8_t>(below(256))};
    expect_equal(image::pad(pad),
                 {{"op", "image.pad"},
                  {"left", pad.left},
                  {"top", pad.top},
                  {"right", pad.right},
                  {"bottom", pad.bottom},
                  {"value", pad.value[0]}},
                 random_image());
    expect_equal(image::flip(flag ? image::FlipAxis::kVertical : image::FlipAxis::kHorizontal),
                 {{"op", "image.flip"}, {"axis", flag ? "vertical" : "horizontal"}}, random_image());
    expect_equal(image::to_gray(flag ? image::Reference::kOpenCv : image::Reference::kPillow),
                 {{"op", "image.to_gray"}, {"reference", flag ? "opencv" : "pillow"}}, random_image());
    expect_equal(image::to_rgb(), {{"op", "image.to_rgb"}}, random_image());
    expect_equal(image::premultiply(), {{"op", "image.premultiply"}}, random_image());
    expect_equal(image::unpremultiply(), {{"op", "image.unpremultiply"}}, random_image());
    expect_equal(segment({height, width}), {{"op", "segment"}, {"height", height}, {"width", width}}, random_logits());
    expect_equal(segment_input(), {{"op", "segment.input"}}, std::tuple(random_logits(), random_logits()));
    expect_equal_on_labels();
    expect_equal_on_detections(labels);
    expect_equal_on_quads();
    expect_equal_anchor_decoders();
    expect_equal_box_decoders();
    expect_equal_yolo_decoders();
    expect_equal_map_decoders();
    expect_equal_on_keypoints();
    expect_equal_classifiers(labels);
    expect_equal_areas();
    expect_equal_cascades();
    expect_equal_embeddings();
    expect_equal(top_k(width), {{"op", "top_k"}, {"k", width}}, random_scores(height));
    expect_equal(top_k(width, labels), {{"op", "top_k"}, {"k", width}, {"labels", "labels.txt"}}, random_scores(5));
    expect_equal(label(labels), {{"op", "label"}, {"labels", "labels.txt"}}, Classes({{below(6), "", 1.0f}}));
  }
  EXPECT_EQ(numbers_that(may_be_a_fraction), kFractions) << "a number whose digits no test compares";
  const auto names = Registry::builtin().op_names();
  EXPECT_EQ(covered_, std::set<std::string>(names.begin(), names.end())) << "an op without a test";
}

/// Numbers that no float is: where one front end goes through float, the plan, which shows all digits, and mostly the
/// pixels are others. Each number is one of its own, so that none can be taken for another.
TEST_F(FrontEnds, KeepEveryDigitOfEveryNumber) {
  int count = 0;
  const auto odd = [&](double near) { return near + 0.1 + std::ldexp(1.0, -40) + ++count / 1024.0 / 3; };
  image::Affine turned;
  turned.angle = odd(20);
  turned.translate_x = odd(1);
  turned.translate_y = odd(-2);
  turned.scale = odd(0.7);
  turned.shear_x = odd(4);
  turned.shear_y = odd(-3);
  turned.centre = {odd(5), odd(6)};
  turned.how.filter = image::Filter::kBilinear;
  expect_equal(image::affine(turned),
               {{"op", "image.affine"},
                {"angle", turned.angle},
                {"translate_x", turned.translate_x},
                {"translate_y", turned.translate_y},
                {"scale", turned.scale},
                {"shear_x", turned.shear_x},
                {"shear_y", turned.shear_y},
                {"centre", *turned.centre},
                {"filter", "bilinear"}},
               random_image());
  image::Perspective tilted;
  std::vector<double> start, end;
  const double corners[4][2] = {{0, 0}, {20, 0}, {20, 20}, {0, 20}};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t axis = 0; axis < 2; ++axis) {
      start.push_back(tilted.start[i][axis] = odd(corners[i][axis]));
      end.push_back(tilted.end[i][axis] = odd(corners[i][axis]) + static_cast<double>(i));
    }
  expect_equal(image::perspective(tilted), {{"op", "image.perspective"}, {"start", start}, {"end", end}},
               random_image());
  image::Resize boxed;
  boxed.width = 2;
  boxed.height = 2;
  boxed.reducing_gap = odd(1);
  const double box[] = {odd(1), odd(2), odd(30), odd(20)};
  boxed.box = image::Box{static_cast<float>(box[0]), static_cast<float>(box[1]), static_cast<float>(box[2]),
                         static_cast<float>(box[3])};  // floats in PIL as well
  expect_equal(
      image::resize(boxed),
      {{"op", "image.resize"}, {"width", 2}, {"height", 2}, {"box", box}, {"reducing_gap", boxed.reducing_gap}},
      Image::make(40, 30, Colour::kRgb).value());
  image::Thumbnail thumbnail;
  thumbnail.reducing_gap = odd(2);
  expect_equal(image::thumbnail(thumbnail),
               {{"op", "image.thumbnail"}, {"size", 128}, {"reducing_gap", thumbnail.reducing_gap}}, random_image());
  const double scale = odd(0), mean = odd(1), std = odd(2);
  image::RawSamples samples{image::RawSample::kU16, 2, 2, 1};
  samples.scale = static_cast<float>(scale);
  expect_equal(image::raw_to_tensor(samples),
               {{"op", "image.raw_to_tensor"}, {"sample", "u16"}, {"width", 2}, {"height", 2}, {"scale", scale}},
               Bytes(std::string("12345678")));
  expect_equal(normalize({static_cast<float>(mean)}, {static_cast<float>(std)}),
               {{"op", "normalize"}, {"mean", mean}, {"std", std}}, random_logits());
  expect_equal(image::to_tensor(image::affine(static_cast<float>(mean), static_cast<float>(std))),
               {{"op", "image.to_tensor"}, {"mode", "affine"}, {"mean", mean}, {"std", std}}, random_image());
  detect::Draw drawing;
  drawing.keypoint_score = odd(0.3);
  drawing.mask_alpha = odd(0.5);
  expect_equal(detect::draw(drawing),
               {{"op", "detect.draw"}, {"keypoint_score", drawing.keypoint_score}, {"mask_alpha", drawing.mask_alpha}},
               random_detections_in_an_image());
  const double fraction = odd(0.5), value = odd(-1), factor = odd(0.01);
  expect_equal(image::crop_short(fraction), {{"op", "image.crop_short"}, {"fraction", fraction}}, random_image());
  expect_equal(pad_to(12, 12, static_cast<float>(value)),
               {{"op", "pad_to"}, {"width", 12}, {"height", 12}, {"value", value}}, random_logits());
  expect_equal(image::to_tensor(image::scaled({0.5f}, {0.25f}, factor)),
               {{"op", "image.to_tensor"}, {"mode", "scaled"}, {"mean", 0.5}, {"std", 0.25}, {"scale", factor}},
               random_image());
  expect_equal_on_detections(Labels::parse(Bytes(std::string(kLabels))).value());  // doubles at random
  expect_equal_on_quads();
  expect_equal_classifiers(Labels::parse(Bytes(std::string(kLabels))).value());
  expect_equal_areas();
  expect_equal_cascades();
  expect_equal_embeddings();
  expect_equal_on_labels();
  const auto expect_equal_scores = [&](auto make, json config, auto input) {
    const double score = config["score"] = odd(0);
    config["top"] = 9;
    expect_equal(make(detect::Candidates{static_cast<float>(score), 9}), config, input);
  };
  const Tensor head = random_f32({9, 9});
  const json sides = {{"width", 8}, {"height", 8}};
  const auto with_sides = [&](const char* op) {
    json config = sides;
    config["op"] = op;
    return config;
  };
  using Rules = detect::Candidates;
  expect_equal_scores([](const Rules& r) { return detect::ssd({r, {}}); }, {{"op", "detect.ssd"}}, Tensors{});
  expect_equal_scores(
      [](const Rules& r) {
        return detect::retinanet({r, {}, {}});
      },
      {{"op", "detect.retinanet"}}, Tensors{});
  expect_equal_scores([](const Rules& r) { return detect::fcos({r}); }, {{"op", "detect.fcos"}}, Tensors{});
  expect_equal_scores([](const Rules& r) { return detect::detr({r}); }, {{"op", "detect.detr"}}, Tensors{});
  expect_equal_scores([](const Rules& r) { return detect::boxes({r}); }, {{"op", "detect.boxes"}}, Tensors{});
  expect_equal_scores([](const Rules& r) { return detect::yolov5({r}); }, {{"op", "detect.yolov5"}}, head);
  expect_equal_scores([](const Rules& r) { return detect::yolov8({r}); }, {{"op", "detect.yolov8"}}, head);
  expect_equal_scores(
      [](const Rules& r) {
        return detect::yolov8_raw({8, 8, {8, 16, 32}, 16, r});
      },
      with_sides("detect.yolov8_raw"), head);
  expect_equal_scores(
      [](const Rules& r) {
        return detect::yolox({8, 8, {8, 16, 32}, r});
      },
      with_sides("detect.yolox"), head);
  expect_equal_scores([](const Rules& r) { return detect::yolov8_seg({r}); }, {{"op", "detect.yolov8_seg"}}, Tensors{});
  expect_equal_scores([](const Rules& r) { return detect::centernet({r}); }, {{"op", "detect.centernet"}}, Tensors{});
  expect_equal_scores(
      [](const Rules& r) {
        return detect::picodet({8, 8, {8, 16, 32, 64}, r});
      },
      with_sides("detect.picodet"), Tensors{});
  EXPECT_EQ(numbers_that(is_fraction), kFractions);
}

TEST_F(FrontEnds, RoundStatisticsAlike) {
  for (int round = 0; round < 60; ++round) {
    const std::size_t counts[] = {1, 3, 4};
    std::vector<double> mean(counts[below(3)]), std(counts[below(3)]);
    if (mean.size() != 1 && std.size() != 1) std.resize(mean.size());
    image::Normalize normalize{static_cast<image::Normalize::Mode>(below(4)), {}, {}};
    for (double& value : mean) normalize.mean.push_back(static_cast<float>(value = real(-1, 1)));
    for (double& value : std) normalize.std.push_back(static_cast<float>(value = real(0.001, 2)));
    json config = {{"op", "image.to_tensor"}, {"mean", mean}, {"std", std}};
    const char* const modes[] = {"torchvision", "affine", "hf_numpy", "scaled"};
    if (static_cast<int>(normalize.mode) > 1 && below(2) == 1) config["scale"] = normalize.scale = real(0.001, 1);
    config["mode"] = modes[static_cast<int>(normalize.mode)];
    if (mean.size() == 1 && below(2) == 1) config["mean"] = mean[0];
    expect_equal(image::to_tensor(normalize), config, random_image());
  }
}

TEST_F(FrontEnds, MakeTheSameFormats) {
  const char* const types[] = {"f32", "f16", "bf16", "u8", "i8"};
  for (int round = 0; round < 60; ++round) {
    const std::string dtype = types[below(5)];
    const image::TensorFormat format{parse_dtype(dtype).value(), static_cast<image::Layout>(below(2)), below(2) == 1};
    expect_equal(image::to_tensor(image::affine(100, 30), format),
                 {{"op", "image.to_tensor"},
                  {"mode", "affine"},
                  {"mean", 100},
                  {"std", 30},
                  {"dtype", dtype},
                  {"layout", format.layout == image::Layout::kHwc ? "hwc" : "chw"},
                  {"reverse_channels", format.reverse_channels}},
                 random_image());
  }
}

TEST_F(FrontEnds, HaveTheSameDefaults) {
  expect_equal(detect::ssd({}), {{"op", "detect.ssd"}}, Tensors{});
  expect_equal(detect::retinanet({}), {{"op", "detect.retinanet"}}, Tensors{});
  expect_equal(detect::fcos({}), {{"op", "detect.fcos"}}, Tensors{});
  expect_equal(detect::detr({}), {{"op", "detect.detr"}}, Tensors{});
  expect_equal(detect::boxes({}), {{"op", "detect.boxes"}}, Tensors{});
  expect_equal(detect::yolov5({}), {{"op", "detect.yolov5"}}, random_f32({9, 9}));
  expect_equal(detect::yolov8({}), {{"op", "detect.yolov8"}}, random_f32({9, 9}));
  expect_equal(detect::yolov8_raw({8, 9}), {{"op", "detect.yolov8_raw"}, {"width", 8}, {"height", 9}},
               random_f32({9, 9}));
  expect_equal(detect::yolox({8, 9}), {{"op", "detect.yolox"}, {"width", 8}, {"height", 9}}, random_f32({9, 9}));
  expect_equal(detect::yolov8_seg({}), {{"op", "detect.yolov8_seg"}},
               Tensors{{"output0", random_f32({9, 9})}, {"output1", random_f32({2, 2, 3})}});
  expect_equal(detect::paste_masks(), {{"op", "detect.paste_masks"}}, random_shapes());
  expect_equal(segment_binary(), {{"op", "segment.binary"}}, random_f32({4, 5}));
  const Tensor labels = Tensor::zeros(DType::kI32, {3, 4}).value();
  expect_equal(label_masks(), {{"op", "segment.masks"}}, labels);
  expect_equal(label_image(), {{"op", "segment.to_image"}}, labels);
  expect_equal(overlay(), {{"op", "segment.overlay"}}, std::tuple(Image::make(4, 3, Colour::kRgb).value(), labels));
  expect_equal(detect::centernet({}), {{"op", "detect.centernet"}}, Tensors{});
  expect_equal(detect::picodet({8, 9}), {{"op", "detect.picodet"}, {"width", 8}, {"height", 9}}, Tensors{});
  expect_equal(image::decode(), {{"op", "image.decode"}}, random_png());
  expect_equal(image::encode(), {{"op", "image.encode"}}, random_image());
  expect_equal(detect::draw(), {{"op", "detect.draw"}}, random_detections_in_an_image());
  expect_equal(image::resize(3, 4), {{"op", "image.resize"}, {"width", 3}, {"height", 4}}, random_image());
  expect_equal(image::resize_short(3), {{"op", "image.resize_short"}, {"size", 3}}, random_image());
  expect_equal(image::pad({}), {{"op", "image.pad"}}, random_image());
  expect_equal(image::flip(), {{"op", "image.flip"}}, random_image());
  expect_equal(image::rotate90(), {{"op", "image.rotate90"}}, random_image());
  expect_equal(image::letterbox(), {{"op", "image.letterbox"}, {"size", 640}}, random_image());
  expect_equal(image::thumbnail(), {{"op", "image.thumbnail"}, {"size", 128}}, random_image());
  expect_equal(image::unletterbox(), {{"op", "image.unletterbox"}}, random_scores(8).reshape({2, 4}).value());
  expect_equal(image::to_tensor(), {{"op", "image.to_tensor"}}, random_image());
  expect_equal(detect::to_picture(), {{"op", "detect.to_picture"}}, random_detections());
  expect_equal(detect::nms({}), {{"op", "detect.nms"}}, random_detections());
  expect_equal(detect::soft_nms({}), {{"op", "detect.soft_nms"}}, random_detections());
  expect_equal(detect::filter({}), {{"op", "detect.filter"}}, random_detections());
}

TEST_F(FrontEnds, RefuseSidesOutsideTheirLimits) {
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{65536}}) {
    const std::string got = " must be 1..65535, got " + std::to_string(bad);
    expect_refused(image::resize(bad, 1), {{"op", "image.resize"}, {"width", bad}, {"height", 1}}, "width" + got);
    expect_refused(image::resize(1, bad), {{"op", "image.resize"}, {"width", 1}, {"height", bad}}, "height" + got);
    expect_refused(image::resize_short(bad), {{"op", "image.resize_short"}, {"size", bad}}, "size" + got);
    expect_refused(image::center_crop(bad, 1), {{"op", "image.center_crop"}, {"width", bad}, {"height", 1}},
                   "width" + got);
    expect_refused(image::center_crop(1, bad), {{"op", "image.center_crop"}, {"width", 1}, {"height", bad}},
                   "height" + got);
    expect_refused(image::five_crop(bad, 1), {{"op", "image.five_crop"}, {"width", bad}, {"height", 1}}, "width" + got);
    expect_refused(image::five_crop(1, bad), {{"op", "image.five_crop"}, {"width", 1}, {"height", bad}},
                   "height" + got);
  }
}

TEST_F(FrontEnds, RefuseOtherParametersOutsideTheirLimits) {
  for (const std::int64_t bad : {0, 96})
    expect_refused(image::encode({image::FileFormat::kJpeg, bad}),
                   {{"op", "image.encode"}, {"format", "jpeg"}, {"quality", bad}},
                   "quality must be 1..95, got " + std::to_string(bad));
  detect::Draw wide, large, opaque;
  opaque.mask_alpha = 1.5;
  expect_refused(detect::draw(opaque), {{"op", "detect.draw"}, {"mask_alpha", 1.5}},
                 "mask_alpha must be 0..1, got 1.5");
  expect_refused(segment_binary({1.5}), {{"op", "segment.binary"}, {"threshold", 1.5}},
                 "threshold must be 0..1, got 1.5");
  expect_refused(overlay({-1}), {{"op", "segment.overlay"}, {"alpha", -1}}, "alpha must be 0..1, got -1");
  expect_refused(label_masks({-1}), {{"op", "segment.masks"}, {"classes", -1}},
                 "classes must be 0..2147483647, got -1");
  expect_refused(segment({3, 4, SegmentSize::kPicture}),
                 {{"op", "segment"}, {"height", 3}, {"width", 4}, {"size", "picture"}},
                 "height and width are for size=given, not for size=picture");
  expect_refused(detect::paste_masks({-0.5}), {{"op", "detect.paste_masks"}, {"threshold", -0.5}},
                 "threshold must be 0..1, got -0.5");
  wide.line_width = 257;
  large.text_scale = -1;
  expect_refused(detect::draw(wide), {{"op", "detect.draw"}, {"line_width", 257}},
                 "line_width must be 0..256, got 257");
  expect_refused(detect::draw(large), {{"op", "detect.draw"}, {"text_scale", -1}}, "text_scale must be 0..64, got -1");
  for (const std::int64_t bad : {std::int64_t{0}, (std::int64_t{1} << 31) + 1}) {
    const std::string got = " must be 1..2147483648, got " + std::to_string(bad);
    image::Decode pixels, bytes, scans;
    pixels.max_pixels = bytes.max_bytes = scans.max_scans = bad;
    expect_refused(image::decode(scans), {{"op", "image.decode"}, {"max_scans", bad}}, "max_scans" + got);
    expect_refused(image::decode(pixels), {{"op", "image.decode"}, {"max_pixels", bad}}, "max_pixels" + got);
    expect_refused(image::decode(bytes), {{"op", "image.decode"}, {"max_bytes", bad}}, "max_bytes" + got);
  }
  for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{65536}}) {
    const std::string got = " must be 0..65535, got " + std::to_string(bad);
    image::Decode approx;
    approx.approx_size = bad;
    expect_refused(image::decode(approx), {{"op", "image.decode"}, {"approx_size", bad}}, "approx_size" + got);
    expect_refused(image::pad({bad, 0, 0, 0, 0}), {{"op", "image.pad"}, {"left", bad}}, "left" + got);
    expect_refused(image::pad({0, bad, 0, 0, 0}), {{"op", "image.pad"}, {"top", bad}}, "top" + got);
    expect_refused(image::pad({0, 0, bad, 0, 0}), {{"op", "image.pad"}, {"right", bad}}, "right" + got);
    expect_refused(image::pad({0, 0, 0, bad, 0}), {{"op", "image.pad"}, {"bottom", bad}}, "bottom" + got);
  }
  expect_refused(
      image::resize(1, 1, {image::Filter::kBox, image::Reference::kOpenCv}),
      {{"op", "image.resize"}, {"width", 1}, {"height", 1}, {"filter", "box"}, {"reference", "opencv"}},
      "reference opencv has no filter box; its filters are bilinear bicubic nearest nearest_exact area lanczos4");
  expect_refused(image::resize(1, 1, {image::Filter::kBilinear, image::Reference::kPillow, false}),
                 {{"op", "image.resize"}, {"width", 1}, {"height", 1}, {"antialias", false}},
                 "antialias=false is for reference torch_u8, not for pillow");
  expect_refused(image::resize(1, 1, {image::Filter::kLanczos, image::Reference::kTorchU8, false}),
                 {{"op", "image.resize"},
                  {"width", 1},
                  {"height", 1},
                  {"filter", "lanczos"},
                  {"reference", "torch_u8"},
                  {"antialias", false}},
                 "filter lanczos of reference torch_u8 needs antialias=true");
  expect_refused(image::resize_fit({0, 1}), {{"op", "image.resize_fit"}, {"width", 0}, {"height", 1}},
                 "width must be 1..65535, got 0");
  expect_refused(image::resize_fit({1, 1, image::FitTo::kCover, image::Rounding::kTruncate, 2}),
                 {{"op", "image.resize_fit"},
                  {"width", 1},
                  {"height", 1},
                  {"fit", "cover"},
                  {"rounding", "truncate"},
                  {"multiple", 2}},
                 "multiple goes with rounding=round");
  expect_refused(image::resize_short(9, {}, 8, image::Rounding::kRound),
                 {{"op", "image.resize_short"}, {"size", 9}, {"max_size", 8}, {"rounding", "round"}},
                 "max_size must be 9..65535, got 8");
  expect_refused(image::resize_long(9, {}, image::Rounding::kRound),
                 {{"op", "image.resize_long"}, {"size", 9}, {"rounding", "round"}},
                 "rounding must be truncate or half_up");
  expect_refused(image::crop_short(1.5), {{"op", "image.crop_short"}, {"fraction", 1.5}},
                 "fraction must be above 0 and at most 1, got 1.5");
  image::PadTo both;
  both.multiple = 2;
  both.square = true;
  expect_refused(image::pad_to(both), {{"op", "image.pad_to"}, {"multiple", 2}, {"square", true}},
                 "takes one of width and height, multiple, square");
  expect_refused(image::pad_to({}), {{"op", "image.pad_to"}}, "takes one of width and height, multiple, square");
  expect_refused(pad_to(0, 1), {{"op", "pad_to"}, {"width", 0}, {"height", 1}}, "width must be 1..65535, got 0");
  expect_refused(pad_to_multiple(0), {{"op", "pad_to"}, {"multiple", 0}}, "multiple must be 1..65535, got 0");
  Interpolate ratio;
  ratio.min_size = 1;
  expect_refused(interpolate(ratio), {{"op", "interpolate"}, {"min_size", 1}, {"max_size", 0}},
                 "max_size must be 1..65535, got 0");
  expect_refused(image::to_tensor({image::Normalize::Mode::kAffine, {0}, {1}, 0.5}),
                 {{"op", "image.to_tensor"}, {"mode", "affine"}, {"scale", 0.5}},
                 "scale is for the modes hf_numpy and scaled");
  expect_refused(image::to_tensor(image::scaled({0}, {1}, 1e-50)),
                 {{"op", "image.to_tensor"}, {"mode", "scaled"}, {"scale", 1e-50}},
                 "scale must be finite and not 0 in float32, got 1e-50");
  image::Resize empty_box, small_gap, other_reference;
  empty_box.width = empty_box.height = small_gap.width = small_gap.height = 1;
  empty_box.box = image::Box{2, 0, 2, 1};
  small_gap.reducing_gap = 0.5;
  other_reference = small_gap;
  other_reference.reducing_gap = 2;
  other_reference.how.reference = image::Reference::kTorchU8;
  expect_refused(image::resize(empty_box), {{"op", "image.resize"}, {"width", 1}, {"height", 1}, {"box", {2, 0, 2, 1}}},
                 "box must be [left, top, right, bottom] with 0 <= left < right and 0 <= top < bottom, got [2, 0, 2, "
                 "1]");
  expect_refused(image::resize(small_gap), {{"op", "image.resize"}, {"width", 1}, {"height", 1}, {"reducing_gap", 0.5}},
                 "reducing_gap must be 0 or a number from 1 on, got 0.5");
  expect_refused(image::resize(other_reference),
                 {{"op", "image.resize"}, {"width", 1}, {"height", 1}, {"reducing_gap", 2}, {"reference", "torch_u8"}},
                 "reference torch_u8 has no box and no reducing_gap; pillow has");
  const auto raw_config = [](const char* format, int width, int height, int row_stride) {
    return json{
        {"op", "image.from_raw"}, {"format", format}, {"width", width}, {"height", height}, {"row_stride", row_stride}};
  };
  expect_refused(image::from_raw({image::RawFormat::kRgb, 4, 1, 11}), raw_config("rgb", 4, 1, 11),
                 "row_stride must be 12..2147483648, got 11");
  expect_refused(image::from_raw({image::RawFormat::kGray, 0, 1}), raw_config("gray", 0, 1, 0),
                 "width must be 1..65535, got 0");
  expect_refused(image::from_raw({image::RawFormat::kNv12, 4, 3, 5}), raw_config("nv12", 4, 3, 5),
                 "width, height and row_stride of nv12 must be even, got 4, 3 and 5");
  expect_refused(image::raw_to_tensor({image::RawSample::kU8, 1, 1, 0}),
                 {{"op", "image.raw_to_tensor"}, {"sample", "u8"}, {"width", 1}, {"height", 1}, {"channels", 0}},
                 "channels must be 1..65535, got 0");
  expect_refused(interpolate({1, 1, Interpolation::kNearest, true}),
                 {{"op", "interpolate"}, {"width", 1}, {"height", 1}, {"mode", "nearest"}, {"antialias", true}},
                 "antialias and align_corners are not for the nearest modes");
  expect_refused(normalize({0}, {0}), {{"op", "normalize"}, {"mean", 0}, {"std", 0}}, "std must not be 0 in float32");
  image::Affine no_scale;
  no_scale.scale = 0;
  expect_refused(image::affine(no_scale), {{"op", "image.affine"}, {"scale", 0}}, "scale must be above 0, got 0");
  image::Perspective flat;
  flat.start = {{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
  flat.end = {{{0, 0}, {1, 0}, {2, 0}, {0, 1}}};
  expect_refused(image::perspective(flat),
                 {{"op", "image.perspective"}, {"start", {0, 0, 1, 0, 1, 1, 0, 1}}, {"end", {0, 0, 1, 0, 2, 0, 0, 1}}},
                 "three of the corners lie on a line");
  image::Thumbnail negative_gap;
  negative_gap.reducing_gap = -1;
  expect_refused(image::thumbnail(negative_gap), {{"op", "image.thumbnail"}, {"size", 128}, {"reducing_gap", -1}},
                 "reducing_gap must be 0 or a number from 1 on, got -1");
  expect_refused(image::resize_short(5, {}, 5), {{"op", "image.resize_short"}, {"size", 5}, {"max_size", 5}},
                 "max_size must be 6..65535, got 5");
  expect_refused(image::crop(-65536, 0, 1, 1),
                 {{"op", "image.crop"}, {"left", -65536}, {"top", 0}, {"width", 1}, {"height", 1}},
                 "left must be -65535..65535, got -65536");
  expect_refused(image::to_gray(image::Reference::kTorchU8), {{"op", "image.to_gray"}, {"reference", "torch_u8"}},
                 "to_gray follows pillow or opencv, not torch_u8");
  expect_refused(image::rotate90(4), {{"op", "image.rotate90"}, {"turns", 4}}, "turns must be 0..3, got 4");
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{65537}})
    expect_refused(top_k(bad), {{"op", "top_k"}, {"k", bad}}, "k must be 1..65536, got " + std::to_string(bad));
  expect_refused(image::to_tensor(image::torchvision({0}, {0})), {{"op", "image.to_tensor"}, {"std", 0}},
                 "std must not be 0 in float32");
  expect_refused(image::to_tensor(image::torchvision({0}, {1, 0, 1})),
                 {{"op", "image.to_tensor"}, {"std", {1, 1e-50, 1}}}, "std must not be 0 in float32");
  expect_refused(image::to_tensor(image::torchvision({0, 0}, {1})), {{"op", "image.to_tensor"}, {"mean", {0, 0}}},
                 "mean needs one number, or one per channel, got 2");
}

TEST(ImageConfig, RefusesParametersThatOnlyAConfigCanHave) {
  const auto error = [](const char* op) { return from_config<Image, Image>(op); };
  EXPECT_THAT(error(R"({"op": "image.pad", "value": 256})"),
              FailsWith(ErrorCode::kInvalidArgument,
                        "pipeline[0].value: must be 0..255, or one such number per channel, got 256"));
  EXPECT_THAT(error(R"({"op": "image.center_crop"})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].size: is missing; give size, or width and height"));
  EXPECT_THAT(error(R"({"op": "image.center_crop", "size": 3, "width": 4})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].size: cannot be combined with width and height"));
  EXPECT_THAT(error(R"({"op": "image.center_crop", "width": 4})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].height"));
  EXPECT_THAT(error(R"({"op": "image.pad_to", "size": 0, "square": true})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].size: must be 1..65535, got 0"));
  EXPECT_THAT(error(R"({"op": "image.resize", "width": 4})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].height"));
  EXPECT_THAT(
      error(R"({"op": "image.resize", "width": 4, "height": 4, "box": [0, 1, 2]})"),
      FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].box: expected [left, top, right, bottom], got [0, 1, 2]"));
  EXPECT_THAT(error(R"({"op": "image.resize_short", "size": 4, "filter": "cubic"})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].filter"));
  EXPECT_THAT(error(R"({"op": "image.resize_short", "size": 4.5})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].size"));
}

TEST(DetectConfig, RefusesBadAnchorsAndLists) {
  const auto error = [](const char* op) { return from_config<Tensors, Detections>(op, context_with_labels()); };
  EXPECT_THAT(error(R"({"op": "detect.ssd", "anchors": "labels.txt"})"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].anchors: not a usable .npy file"));
  EXPECT_THAT(error(R"({"op": "detect.ssd", "anchors": "none.npy"})"),
              FailsWith(ErrorCode::kNotFound, "no file 'none.npy'"));
  EXPECT_THAT(
      error(R"({"op": "detect.ssd", "classes": [1, 2.5]})"),
      FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].classes: expected an integer, or a list of them, got 2.5"));
  EXPECT_THAT(error(R"({"op": "detect.ssd", "classes": 1e300})"),
              FailsWith(ErrorCode::kInvalidArgument, "expected an integer, or a list of them, got 1e+300"));
  EXPECT_THAT(error(R"({"op": "detect.ssd", "classes": []})"),
              FailsWith(ErrorCode::kInvalidArgument, "expected an integer, or a list of them, got none"));
}

TEST(ImageConfig, RefusesUnknownKeysOfEveryOp) {
  const char* const ops[] = {
      R"("detect.draw")",
      R"("detect.db")",
      R"("detect.quads_to_picture")",
      R"("detect.crop_quads")",
      R"("detect.draw_quads")",
      R"("image.decode")",
      R"("image.encode")",
      R"("image.from_raw", "format": "gray", "width": 1, "height": 1)",
      R"("image.raw_to_tensor", "sample": "u16", "width": 1, "height": 1)",
      R"("image.resize", "width": 1, "height": 1)",
      R"("image.resize_short", "size": 1)",
      R"("image.resize_long", "size": 1)",
      R"("image.resize_fit", "width": 1, "height": 1)",
      R"("image.letterbox", "size": 1)",
      R"("image.unletterbox")",
      R"("image.thumbnail", "size": 1)",
      R"("image.crop", "left": 0, "top": 0, "width": 1, "height": 1)",
      R"("image.center_crop", "size": 1)",
      R"("image.five_crop", "size": 1)",
      R"("image.crop_short")",
      R"("image.pad")",
      R"("image.pad_to", "size": 1)",
      R"("image.flip")",
      R"("image.rotate90")",
      R"("image.affine")",
      R"("image.perspective", "start": [0, 0, 1, 0, 1, 1, 0, 1], "end": [0, 0, 1, 0, 1, 1, 0, 1])",
      R"("image.to_gray")",
      R"("image.to_rgb")",
      R"("image.premultiply")",
      R"("image.unpremultiply")",
      R"("image.to_tensor")",
      R"("detect.clip")",
      R"("detect.to_picture")",
      R"("detect.nms")",
      R"("detect.soft_nms")",
      R"("detect.filter")",
      R"("detect.label", "labels": "labels.txt")",
      R"("detect.crop")",
      R"("detect.boxes_of")",
      R"("detect.paste_masks")",
      R"("detect.masks_of")",
      R"("detect.yolov8_seg")",
      R"("detect.ssd")",
      R"("detect.retinanet")",
      R"("detect.fcos")",
      R"("detect.detr")",
      R"("detect.boxes")",
      R"("detect.yolov5")",
      R"("detect.yolov8")",
      R"("detect.yolov8_raw", "width": 1, "height": 1)",
      R"("detect.yolox", "width": 1, "height": 1)",
      R"("detect.centernet")",
      R"("detect.picodet", "width": 1, "height": 1)",
      R"("keypoints.heatmaps")",
      R"("keypoints.points")",
      R"("keypoints.to_picture")",
      R"("detect.sliding_window")",
      R"("detect.refine")",
      R"("detect.square")",
      R"("detect.classify")",
      R"("image.area_to_tensor", "width": 1, "height": 1)",
      R"("image.pyramid")",
      R"("l2_normalize")",
      R"("embeddings.nearest", "table": "anchors.npy", "k": 1)",
      R"("segment")",
      R"("segment.input")",
      R"("segment.binary")",
      R"("segment.masks")",
      R"("segment.to_image")",
      R"("segment.overlay")",
      R"("interpolate", "width": 1, "height": 1)",
      R"("normalize", "mean": 0, "std": 1)",
      R"("pad_to", "width": 1, "height": 1)",
      R"("softmax")",
      R"("sigmoid")",
      R"("top_k", "k": 1)",
      R"("above")",
      R"("label", "labels": "labels.txt")"};
  EXPECT_EQ(std::size(ops), Registry::builtin().op_names().size());
  for (const std::string op : ops) {
    const auto parse = [](const std::string& text) {
      return detail::parse_stages(text, nullptr, nullptr, Registry::builtin(), context_with_labels());
    };
    EXPECT_THAT(parse(R"([{"op": )" + op + "}]"), test::IsOk());
    EXPECT_THAT(parse(R"([{"op": )" + op + R"(, "colr": 1}])"),
                FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].colr"));
  }
}

TEST(ClassifyConfig, RefusesBadLabels) {
  const ConfigContext context = context_with_labels();
  EXPECT_THAT((from_config<Classes, Classes>(R"({"op": "label"})", context)),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].labels: is missing"));
  EXPECT_THAT((from_config<Tensor, Classes>(R"({"op": "top_k", "k": 1, "labels": "empty.txt"})", context)),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].labels: labels are empty"));
  EXPECT_THAT((from_config<Tensor, Classes>(R"({"op": "top_k", "k": 1, "labels": "none.txt"})", context)),
              FailsWith(ErrorCode::kNotFound, "no file 'none.txt'"));
}

TEST(EmbeddingConfig, RefusesBadTables) {
  const auto error = [](const std::string& more) {
    return from_config<Tensor, Classes>(R"({"op": "embeddings.nearest", "k": 1)" + more + "}", context_with_labels());
  };
  EXPECT_THAT(error(R"(, "table": "anchors.npy")"), test::IsOk());
  EXPECT_THAT(error(""), FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].table: is missing"));
  EXPECT_THAT(error(R"(, "table": "labels.txt")"),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[0].table: not a usable .npy file"));
  EXPECT_THAT(error(R"(, "table": "none.npy")"), FailsWith(ErrorCode::kNotFound, "no file 'none.npy'"));
  EXPECT_THAT(error(R"(, "table": "anchors.npy", "labels": "labels.txt")"),
              FailsWith(ErrorCode::kInvalidArgument, "5 labels do not fit a table of 3 rows"));
}

TEST_F(FrontEnds, KeepTheCheckOfTheTypedEnums) {
  const Image image = random_image();
  EXPECT_THAT(run(image::resize(1, 1, static_cast<image::Filter>(99)), image),
              FailsWith(ErrorCode::kInvalidArgument, "unknown filter"));
  EXPECT_THAT(run(image::resize(1, 1, {image::Filter::kBilinear, static_cast<image::Reference>(9)}), image),
              FailsWith(ErrorCode::kInvalidArgument, "unknown reference"));
  EXPECT_THAT(run(image::flip(static_cast<image::FlipAxis>(9)), image),
              FailsWith(ErrorCode::kInvalidArgument, "unknown axis"));
  EXPECT_THAT(run(image::to_tensor({static_cast<image::Normalize::Mode>(9), {0}, {1}}), image),
              FailsWith(ErrorCode::kInvalidArgument, "unknown mode"));
  EXPECT_THAT(run(image::decode({static_cast<image::ColourMode>(9)}), Bytes(std::string("x"))),
              FailsWith(ErrorCode::kInvalidArgument, "unknown colour"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

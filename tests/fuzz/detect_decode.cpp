// SPDX-License-Identifier: Apache-2.0
// Any bytes as a decoder, the tensors of its head and what comes behind it: whatever the shapes and the numbers, there
// are candidates as the headers say or an error that they name, and so it is of what ops make of them.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "fuzz/detect_calls.hpp"
#include "fuzz/detect_heads.hpp"

namespace {

using namespace gantry;
using test::accepted;
using test::DetectInput;
using test::is_in_order;
using test::require;

template <class In, class Out>
std::optional<Out> run(const Stage<In, Out>& stage, const In& input) {
  return accepted(test::run_once(stage, input));
}

// ---- decoders

void check_candidates(const Detections& found, const test::DecoderCase& made) {
  require(is_in_order(found) && static_cast<std::int64_t>(found.size()) <= made.most);
  const auto& classes = made.rules.classes;
  for (const Detection& one : found) {
    require(one.score > made.rules.score && one.index >= 0 && one.label.empty() && one.keypoints.empty());
    require(classes.empty() || std::find(classes.begin(), classes.end(), one.index) != classes.end());
  }
}

/// Ops by name with parameters by name, many of which they do not have.
std::string op_text(DetectInput& input) {
  constexpr const char* kOps[] = {"ssd",        "retinanet", "fcos",      "detr",    "boxes", "yolov5",   "yolov8",
                                  "yolov8_raw", "yolox",     "centernet", "picodet", "nms",   "soft_nms", "yolov8_seg"};
  constexpr const char* kParameters[] = {R"("score": 0)",        R"("score": 1)",
                                         R"("top": 1)",          R"("top": 65536)",
                                         R"("classes": [1, 2])", R"("classes": 1)",
                                         R"("classes": [])",     R"("multi_label": true)",
                                         R"("class_count": 3)",  R"("width": 24)",
                                         R"("height": 16)",      R"("strides": [8, 16])",
                                         R"("strides": 12)",     R"("bins": 2)",
                                         R"("levels": [3, 4])",  R"("labels": "")",
                                         R"("relative": true)",  R"("format": "cxcywh")",
                                         R"("stride": 2)",       R"("activation": "sigmoid")",
                                         R"("offset": "")",      R"("activation": "none")",
                                         R"("background": 0)",   R"("layout": "channels_last")",
                                         R"("score": 1e300)",    R"("top": 0.5)",
                                         R"("width": -1)",       R"("anchors": "none.npy")",
                                         R"("iou": 0)",          R"("sigma": 1e-300)",
                                         R"("sigma": 1e300)",    R"("boxes": "scores")",
                                         R"("masks": "scores")", R"("head": "boxes", "prototypes": "scores")"};
  std::string text = std::string(R"([{"op": "detect.)") + kOps[input.byte() % std::size(kOps)] + "\"";
  for (int left = input.byte() % 5; left > 0; --left)
    text += std::string(", ") + kParameters[input.byte() % std::size(kParameters)];
  return text + "}]";
}

/// The same head by an op of a config, if that takes it.
void run_config(DetectInput& input, const Tensors& head) {
  static const Registry registry = Registry::builtin();
  const std::string text = op_text(input);
  if (auto many = parse_stages<Tensors, Detections>(text, registry)) {
    if (const auto found = run(*many, head)) require(is_in_order(*found));
  } else if (auto one = parse_stages<Tensor, Detections>(text, registry); one && !head.empty()) {
    if (const auto found = run(*one, head[0].tensor)) require(is_in_order(*found));
  }
}

// ---- what comes behind

detect::Nms nms_options(DetectInput& input) {
  const double iou = input.share();
  const auto suppress = input.one_of<detect::Suppress>(3);
  return {iou, suppress, input.count()};
}

detect::SoftNms soft_nms_options(DetectInput& input) {
  detect::SoftNms options;
  options.decay = input.one_of<detect::Decay>(2);
  options.iou = input.share();
  options.sigma = input.is_rare() ? (input.flag() ? 1e-300 : 1e300) : input.share();
  options.score = input.share();
  options.suppress = input.one_of<detect::Suppress>(2);
  options.max_count = input.count();
  return options;
}

detect::Filter filter_options(DetectInput& input) {
  detect::Filter options;
  if (input.flag()) options.score = static_cast<float>(input.share());
  options.classes = input.some_classes();
  options.min_side = input.flag() ? static_cast<float>(input.share()) * 8 : 0;
  options.max_count = input.flag() ? input.count() : 0;
  return options;
}

bool is_within(float value, double begin, double end) {
  return std::isnan(value) || (value >= static_cast<float>(begin) && value <= static_cast<float>(end));
}

bool is_within(const Box& box, double x0, double y0, double x1, double y1) {
  return is_within(box.x0, x0, x1) && is_within(box.x1, x0, x1) && is_within(box.y0, y0, y1) &&
         is_within(box.y1, y0, y1);
}

/// What is found, as it is after some ops; the frame is that of the picture which it is found in.
class Chain {
 public:
  Chain(Detections found, const std::optional<Frame>& frame) : found_(std::move(found)), frame_(frame) {}

  const Detections& found() const { return found_; }
  const std::optional<Frame>& frame() const { return frame_; }

  void nms(const detect::Nms& options) {
    const std::size_t before = found_.size();
    if (!step(detect::nms(options))) return;
    require(found_.size() <= before && static_cast<std::int64_t>(found_.size()) <= options.max_count);
    require(is_in_order(found_));
    const auto once = found_.size();
    require(step(detect::nms(options)) &&
            (found_.size() == once || options.suppress == detect::Suppress::kTorchvision));
  }

  void soft_nms(const detect::SoftNms& options) {
    if (!step(detect::soft_nms(options))) return;
    require(static_cast<std::int64_t>(found_.size()) <= options.max_count && is_in_order(found_));
    for (const Detection& one : found_) require(one.score >= static_cast<float>(options.score));
  }

  void filter(const detect::Filter& options) {
    if (!step(detect::filter(options))) return;
    for (const Detection& one : found_) {
      require(!options.score || one.score >= *options.score);
      require(options.min_side <= 0 || one.box.width() >= options.min_side);
    }
  }

  void clip() {
    require(step(detect::clip()) == frame_.has_value());
    if (!frame_) return;
    const std::int64_t across = frame_->is_turned ? frame_->height : frame_->width;
    const std::int64_t down = frame_->is_turned ? frame_->width : frame_->height;
    const double x[] = {frame_->x.forth(0), frame_->x.forth(static_cast<double>(across))};
    const double y[] = {frame_->y.forth(0), frame_->y.forth(static_cast<double>(down))};
    for (const Detection& one : found_)
      require(
          is_within(one.box, std::min(x[0], x[1]), std::min(y[0], y[1]), std::max(x[0], x[1]), std::max(y[0], y[1])));
  }

  void to_picture(bool clip) {
    require(step(detect::to_picture(clip)) == frame_.has_value());
    if (!frame_) return;
    frame_ = Frame::of(frame_->width, frame_->height);
    for (const Detection& one : found_)
      require(!clip ||
              is_within(one.box, 0, 0, static_cast<double>(frame_->width), static_cast<double>(frame_->height)));
  }

 private:
  /// Behind a detector that finds this; false after an error.
  bool step(const Stage<Detections, Detections>& op) {
    auto before = stage("framed", [this](Detections&& found, const CallContext& call) -> Result<Detections> {
      if (frame_) call.set_frame(*frame_);
      return std::move(found);
    });
    auto made = run(std::move(before) | op, found_);
    if (made) found_ = *std::move(made);
    return made.has_value();
  }

  Detections found_;
  std::optional<Frame> frame_;
};

// ---- at the end

Image small_image(DetectInput& input) {
  const auto colour = static_cast<Colour>(input.byte() % 3);
  const std::int64_t width = 1 + input.below(48), height = 1 + input.below(48);
  return Image::make(width, height, colour).value();
}

using Shown = std::tuple<Image, Detections>;

void check_crop(const Shown& shown, const std::optional<Frame>& frame, const detect::Crop& options) {
  auto framed = stage("framed", [frame](Image&& image, const CallContext& call) -> Result<Image> {
    if (frame) call.set_frame(*frame);
    return std::move(image);
  });
  auto first = stage("first", [](const Shown& all) -> Result<Image> { return std::get<0>(all); });
  auto second = stage("second", [](const Shown& all) -> Result<Detections> { return std::get<1>(all); });
  const auto crops = run(fork(first | framed, second) | detect::crop(options), shown);
  const auto& [image, found] = shown;
  const auto is_finite = [](const Detection& one) {
    const Box& box = one.box;
    return std::isfinite(box.x0) && std::isfinite(box.y0) && std::isfinite(box.x1) && std::isfinite(box.y1);
  };
  const bool is_valid = options.margin >= -0.45 && options.margin <= 10;
  require(crops.has_value() == (is_valid && std::all_of(found.begin(), found.end(), is_finite)));
  if (!crops) return;
  require(crops->size() == found.size());
  for (const Image& crop : *crops)
    require(crop.width() >= 1 && crop.width() <= image.width() && crop.height() >= 1 &&
            crop.height() <= image.height());
}

void check_draw(DetectInput& input, const Shown& shown) {
  detect::Draw options;
  options.line_width = input.flag() ? input.count() : 0;
  options.text_scale = input.flag() ? input.count() : 0;
  options.labels = input.flag();
  options.scores = input.flag();
  options.keypoint_score = input.share();
  const auto& [image, found] = shown;
  const auto drawn = accepted(detect::draw(image, found, options));
  if (drawn)
    require(drawn->width() == image.width() && drawn->height() == image.height() && drawn->colour() == Colour::kRgb);
  require(drawn.has_value() == run(detect::draw(options), shown).has_value());
}

/// Shapes over the boxes, or of prototypes, whatever the boxes are: a mask of the picture's size for each.
void check_paste(DetectInput& input, Detections found, const std::optional<Frame>& frame) {
  const bool has_prototypes = input.flag();
  const std::int64_t side = 1 + input.below(5), stride = 1 + input.below(8);
  const Tensor planes = input.tensor({side, side + 1, 3});
  for (Detection& one : found) {
    const auto made = has_prototypes ? SoftMask::of_prototypes(input.tensor({side}), planes, stride, one.box)
                                     : SoftMask::over_box(input.tensor({side, 1 + input.below(4)}), one.box);
    if (!made) return;
    one.soft_mask = *made;
  }
  auto before = stage("framed", [frame](Detections&& all, const CallContext& call) -> Result<Detections> {
    if (frame) call.set_frame(*frame);
    return std::move(all);
  });
  const double threshold = input.share();
  const auto pasted = run(std::move(before) | detect::paste_masks({threshold}), found);
  const bool is_valid = threshold >= 0 && threshold <= 1;
  require(pasted.has_value() == (is_valid && frame.has_value()));
  if (!pasted) return;
  for (const Detection& one : *pasted) {
    require(one.mask.check().ok() && one.soft_mask.empty());
    require(one.mask.width() == frame->width && one.mask.height() == frame->height);
    const auto again = RunLengths::parse(one.mask.to_string(), frame->height, frame->width);
    require(again.ok() && again->counts() == one.mask.counts());
    require(RunLengths::of(one.mask.to_tensor().value()).value() == one.mask);
  }
}

/// There, back and there again, and as tensors.
void check_codec(const Detections& found) {
  static const Codecs codecs = Registry::builtin().codecs();
  const Payload payload = Payload::from(found);
  const std::string json = codecs.to_json(payload).value();
  const Payload again = codecs.read_json(PayloadType::of<Detections>(), JsonView::parse(json).value()).value();
  require(codecs.to_json(again).value() == json);
  require(codecs.to_tensors(payload).value().size() >= 3);
  require(!codecs.line(payload).value().empty());
  require(!codecs.difference(payload, payload, {}).value().has_value());
}

/// Labels and keypoints, which decoders do not give.
void decorate(DetectInput& input, Detections& found) {
  constexpr const char* kLabels[] = {"cat", "", "\xc3\xa9t\xc3\xa9", "\xf0\x9f\x90\x88 and a long name that goes on"};
  for (Detection& one : found) {
    one.label = kLabels[input.byte() % std::size(kLabels)];
    std::vector<Keypoint> points;
    for (std::int64_t left = input.byte() % 4; left > 0; --left) {
      const float x = input.flag() ? input.raw_float() : static_cast<float>(input.byte());
      const float y = input.flag() ? input.raw_float() : static_cast<float>(input.byte());
      points.push_back({x, y, static_cast<float>(input.share())});
    }
    one.keypoints = Keypoints(std::move(points));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DetectInput input(data, size);
  std::optional<Frame> frame;
  if (input.byte() % 4 != 0) frame = input.frame();
  const test::DecoderCase made = test::DetectHeads(input).next();
  auto framed = stage("framed", [frame](Tensors&& head, const CallContext& call) -> Result<Tensors> {
    if (frame) call.set_frame(*frame);
    return std::move(head);
  });
  const auto found = run(std::move(framed) | made.decoder, made.head);
  if (found) check_candidates(*found, made);
  run_config(input, made.head);
  if (!found) return 0;

  Chain chain(*found, frame);
  for (int left = input.byte() % 4; left > 0; --left) {
    switch (input.byte() % 5) {
      case 0:
        chain.nms(nms_options(input));
        break;
      case 1:
        chain.soft_nms(soft_nms_options(input));
        break;
      case 2:
        chain.filter(filter_options(input));
        break;
      case 3:
        chain.clip();
        break;
      default:
        chain.to_picture(input.flag());
    }
  }
  Detections last = chain.found();
  check_codec(last);
  decorate(input, last);
  check_codec(last);
  const Shown shown(small_image(input), std::move(last));
  detect::Crop crop;
  crop.margin = input.flag() ? input.share() * 12 - 1 : 0;
  crop.square = input.flag();
  check_crop(shown, input.flag() ? chain.frame() : std::nullopt, crop);
  check_draw(input, shown);
  check_paste(input, *found, frame);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// A decoder with any options, by its function, and a head for it that fits in most cases.
#pragma once

#include <algorithm>
#include <cstdint>
#include <gantry/detect.hpp>
#include <gantry/stage.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/detect_input.hpp"

namespace gantry::inline GANTRY_ABI::test {

struct DecoderCase {
  Stage<Tensors, Detections> decoder;
  Tensors head;
  detect::Candidates rules;
  std::int64_t most;  ///< how many detections there can be
};

class DetectHeads {
 public:
  explicit DetectHeads(DetectInput& input) : input_(input) {}

  DecoderCase next() {
    rules_ = input_.candidates();
    classes_ = 1 + input_.below(10);
    switch (input_.byte() % 10) {
      case 0:
        return ssd();
      case 1:
        return retinanet();
      case 2:
        return fcos();
      case 3:
        return detr();
      case 4:
        return boxes();
      case 5:
        return yolov5();
      case 6:
        return yolov8();
      case 7:
        return grid();
      case 8:
        return centernet();
      default:
        return picodet();
    }
  }

 private:
  /// Of a tensor that is not there nothing is added.
  void add(const std::string& name, const Shape& shape, DType dtype = DType::kF32) {
    if (!input_.is_rare()) head_.add(name, input_.tensor(shape, dtype));
  }

  DecoderCase made(Stage<Tensors, Detections> decoder, std::int64_t times = 1) {
    return {std::move(decoder), std::move(head_), rules_, times * std::clamp<std::int64_t>(rules_.top, 0, 65536)};
  }
  /// A decoder of one tensor.
  DecoderCase made(const Stage<Tensor, Detections>& decoder) {
    auto first = stage("first", [](const Tensors& all) -> Result<Tensor> {
      if (all.empty()) return Error(ErrorCode::kInvalidArgument, "no tensor");
      return all[0].tensor;
    });
    return made(std::move(first) | decoder);
  }

  detect::AnchorHead anchors(std::int64_t count) {
    detect::AnchorHead head;
    add("boxes", {count, 4});
    add("scores", {count, classes_});
    if (input_.flag())
      add("anchors", {count, 4});
    else
      head.anchors = input_.tensor({count, 4});
    if (input_.is_rare()) head.scores = input_.flag() ? "" : "logits";
    return head;
  }
  /// As a parameter, as a tensor, or none.
  std::vector<std::int64_t> levels(std::int64_t count) {
    const std::uint8_t how = input_.byte();
    std::vector<std::int64_t> levels;
    for (std::int64_t left = count; how % 4 != 0 && left > 0; left -= levels.back())
      levels.push_back(1 + input_.below(left));
    if (!levels.empty() && input_.is_rare()) levels.back() = input_.count();
    if (how % 4 != 1) return levels;
    const auto extent = static_cast<std::int64_t>(levels.size());
    if (input_.is_rare()) add("levels", {extent}, DType::kI64);
    head_.add("levels", Tensor::from<std::int64_t>(Span<const std::int64_t>(levels), {extent}).value());
    return {};
  }

  DecoderCase ssd() {
    const detect::AnchorHead head = anchors(input_.below(40));
    return made(detect::ssd({rules_, head}), classes_ + 1);
  }
  DecoderCase retinanet() {
    const std::int64_t count = input_.below(40);
    const detect::AnchorHead head = anchors(count);
    return made(detect::retinanet({rules_, head, levels(count)}), count + 2);
  }
  DecoderCase fcos() {
    const std::int64_t count = input_.below(40);
    const detect::AnchorHead head = anchors(count);
    add("centerness", {count, 1});
    return made(detect::fcos({rules_, head, "centerness", levels(count)}), count + 2);
  }
  DecoderCase detr() {
    detect::Detr options;
    options.candidates = rules_;
    options.activation = static_cast<detect::Activation>(1 + input_.one_of<std::uint8_t>(2));
    if (input_.flag()) options.width = input_.count(), options.height = input_.count();
    const std::int64_t count = input_.below(40);
    add("boxes", {count, 4});
    add("scores", {count, classes_ + 1});
    return made(detect::detr(options));
  }
  DecoderCase boxes() {
    detect::BoxHead options;
    options.candidates = rules_;
    options.format = input_.one_of<detect::BoxFormat>(3);
    options.activation = input_.one_of<detect::Activation>(3);
    options.relative = input_.flag();
    if (input_.flag()) options.width = input_.count(), options.height = input_.count();
    if (input_.flag()) options.background = input_.is_rare() ? input_.count() : input_.below(8);
    options.multi_label = input_.flag();
    const std::int64_t count = input_.below(40);
    add("boxes", {count, 4});
    const std::uint8_t how = input_.byte();
    if (how % 4 == 0) options.labels = "";
    if (how % 2 == 0)
      add("scores", {count});
    else
      add("scores", {count, classes_});
    add("labels", {count}, how % 8 < 4 ? DType::kI64 : DType::kI32);
    return made(detect::boxes(options));
  }

  template <class P>
  P with_classes() {
    P options;
    options.candidates = rules_;
    options.multi_label = input_.flag();
    if (input_.byte() % 4 == 0) options.class_count = input_.is_rare() ? input_.count() : classes_;
    return options;
  }
  void add_channels(detect::HeadLayout layout, std::int64_t before, std::int64_t count) {
    const std::int64_t channels = before + classes_ + (input_.is_rare() ? 3 : 0);
    add("head", layout == detect::HeadLayout::kChannelsFirst ? Shape{channels, count} : Shape{count, channels});
  }
  DecoderCase yolov5() {
    const auto options = with_classes<detect::Yolov5>();
    add_channels(detect::HeadLayout::kChannelsLast, 5, input_.below(40));
    return made(detect::yolov5(options));
  }
  DecoderCase yolov8() {
    auto options = with_classes<detect::Yolov8>();
    options.layout = input_.one_of<detect::HeadLayout>(2);
    add_channels(options.layout, 4, input_.below(40));
    return made(detect::yolov8(options));
  }

  /// The cells of each level, and their number, where that is small.
  template <class P>
  std::int64_t read_grid(P& options) {
    options.width = input_.is_rare() ? input_.count() : 1 + input_.below(24);
    options.height = input_.is_rare() ? input_.count() : 1 + input_.below(24);
    options.strides.clear();
    for (std::int64_t left = input_.is_rare() ? input_.below(20) : 1 + input_.below(3); left > 0; --left)
      options.strides.push_back(input_.is_rare() ? input_.count() : 4 + input_.below(16));
    std::int64_t count = 0;
    for (const std::int64_t stride : options.strides) count += cells(options.width, options.height, stride);
    return std::min<std::int64_t>(count, kMostCells);
  }
  static std::int64_t cells(std::int64_t width, std::int64_t height, std::int64_t stride) {
    const auto side = [&](std::int64_t pixels) {
      return stride < 1 ? 1 : (std::clamp<std::int64_t>(pixels, 0, 65535) - 1) / stride + 1;
    };
    return std::clamp<std::int64_t>(side(width) * side(height), 0, kMostCells);
  }

  DecoderCase grid() {
    if (input_.flag()) {
      auto options = with_classes<detect::Yolox>();
      const std::int64_t count = read_grid(options);
      add_channels(detect::HeadLayout::kChannelsLast, 5, count);
      return made(detect::yolox(options));
    }
    auto options = with_classes<detect::Yolov8Raw>();
    const std::int64_t count = read_grid(options);
    options.layout = input_.one_of<detect::HeadLayout>(2);
    options.bins = input_.is_rare() ? input_.count() : 2 + input_.below(4);
    add_channels(options.layout, 4 * std::clamp<std::int64_t>(options.bins, 1, 64), count);
    return made(detect::yolov8_raw(options));
  }
  DecoderCase centernet() {
    detect::Centernet options;
    options.candidates = rules_;
    options.stride = input_.count();
    options.activation = input_.flag() ? detect::Activation::kSigmoid : input_.one_of<detect::Activation>(3);
    const std::int64_t height = 1 + input_.below(8), width = 1 + input_.below(8);
    add("heatmap", {classes_, height, width});
    add("wh", {2, height, width});
    if (input_.flag())
      options.offset = "";
    else
      add("offset", {2, height, width});
    return made(detect::centernet(options));
  }
  DecoderCase picodet() {
    detect::Picodet options;
    read_grid(options);
    options.candidates = rules_;
    options.activation = input_.flag() ? detect::Activation::kSigmoid : input_.one_of<detect::Activation>(3);
    options.multi_label = input_.flag();
    for (const std::int64_t stride : options.strides)
      add("scores", {cells(options.width, options.height, stride), classes_});
    for (const std::int64_t stride : options.strides)
      add("boxes", {cells(options.width, options.height, stride), 4 * (2 + input_.below(4))});
    const auto levels = static_cast<std::int64_t>(options.strides.size());
    return made(detect::picodet(options), levels * (options.multi_label ? 1 + classes_ : 1));
  }

  static constexpr std::int64_t kMostCells = 256;
  DetectInput& input_;
  detect::Candidates rules_;
  std::int64_t classes_ = 1;
  Tensors head_;
};

}  // namespace gantry::inline GANTRY_ABI::test

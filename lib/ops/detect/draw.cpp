// SPDX-License-Identifier: Apache-2.0
// detect.draw: masks, then boxes, then keypoints, then labels, each from the worst detection to the best.
#include <algorithm>
#include <cmath>
#include <gantry/call_context.hpp>
#include <gantry/detect/draw.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/draw_canvas.hpp"
#include "ops/detect/draw_font.hpp"
#include "ops/detect/draw_labels.hpp"
#include "ops/detect/draw_palette.hpp"
#include "ops/detect/draw_sizes.hpp"
#include "ops/detect/draw_stage.hpp"
#include "ops/image/rgb_copy.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using detail::Canvas;
using detail::PixelBox;
using detail::Rgb;

/// Beyond any image, and far from overflow.
constexpr double kFarthestCoordinate = 0x1p32;
constexpr std::size_t kLongest = 40;                 // characters of a label
constexpr std::size_t kDetectionsBetweenLooks = 64;  // detections between two checks of the deadline

Result<void> check(const Draw& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_range("line_width", options.line_width, 0, detail::kMaxLineWidth));
  GANTRY_RETURN_IF_ERROR(detail::check_range("text_scale", options.text_scale, 0, detail::kMaxTextScale));
  if (!std::isfinite(options.keypoint_score))
    return Error(ErrorCode::kInvalidArgument, "keypoint_score must be finite");
  return detail::check_range("mask_alpha", options.mask_alpha, 0, 1);
}

std::string text_of(const Draw& options) {
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  return "line_width=" + std::to_string(options.line_width) + ", text_scale=" + std::to_string(options.text_scale) +
         ", labels=" + flag(options.labels) + ", scores=" + flag(options.scores) +
         ", keypoint_score=" + detail::to_text(options.keypoint_score) +
         ", mask_alpha=" + detail::to_text(options.mask_alpha);
}

/// Sizes from the options, or by the picture's size.
struct Sizes {
  Sizes(const Draw& options, const Image& picture)
      : line(options.line_width != 0 ? options.line_width : detail::line_width_for(picture.width(), picture.height())),
        text(options.text_scale != 0 ? options.text_scale : detail::text_scale_for(picture.width(), picture.height())) {
  }

  std::int64_t line;
  std::int64_t text;
};

std::int64_t pixel_of(float coordinate) {
  return std::llround(std::clamp(static_cast<double>(coordinate), -kFarthestCoordinate, kFarthestCoordinate));
}

/// The box in whole pixels, at least one each way; nullopt if it is empty or holds a NaN.
std::optional<PixelBox> pixels_of(const Box& box) {
  if (!(box.x0 < box.x1 && box.y0 < box.y1)) return std::nullopt;
  PixelBox pixels{pixel_of(box.x0), pixel_of(box.y0), pixel_of(box.x1), pixel_of(box.y1)};
  pixels.right = std::max(pixels.right, pixels.left + 1);
  pixels.bottom = std::max(pixels.bottom, pixels.top + 1);
  return pixels;
}

/// Draws on one picture.
class Drawing {
 public:
  Drawing(Image& picture, const Draw& options)
      : canvas_(picture), options_(options), sizes_(options, picture), places_(canvas_.bounds()) {}

  void draw_mask(const Detection& found) {
    if (options_.mask_alpha > 0)
      canvas_.blend(found.mask, detail::colour_of_class(found.index), detail::AlphaBlend(options_.mask_alpha));
  }

  void draw_box(const Detection& found) {
    const auto box = pixels_of(found.box);
    if (!box) return;
    const std::int64_t line = line_of(*box);
    canvas_.outline(frame_of(*box, line), line, detail::colour_of_class(found.index));
  }

  /// Each has a ring, so that it is visible on any background.
  void draw_keypoints(const Detection& found) {
    const double radius = 1.0 + 1.25 * static_cast<double>(sizes_.line);
    const double ring = std::max(1.0, 0.5 * static_cast<double>(sizes_.line));
    for (std::size_t i = 0; i < found.keypoints.size(); ++i) {
      const Keypoint& point = found.keypoints[i];
      const double x = static_cast<double>(point.x), y = static_cast<double>(point.y);
      if (!(std::abs(x) <= kFarthestCoordinate && std::abs(y) <= kFarthestCoordinate)) continue;
      if (static_cast<double>(point.score) < options_.keypoint_score) continue;
      const Rgb colour = detail::colour_of_class(static_cast<std::int64_t>(i));
      canvas_.disc(x, y, radius + ring, detail::text_colour_on(colour));
      canvas_.disc(x, y, radius, colour);
    }
  }

  /// A text and its place. place_label() gives none if the text is empty or the box is outside.
  struct Label {
    std::string text;
    PixelBox place;
  };
  std::optional<Label> place_label(const Detection& found) {
    const auto box = pixels_of(found.box);
    if (!box || !box->overlaps(canvas_.bounds())) return std::nullopt;
    std::string text = label_of(found);
    if (text.empty()) return std::nullopt;
    const PixelBox size = detail::label_size(detail::count_characters(text), sizes_.text);
    const PixelBox place = places_.find(frame_of(*box, line_of(*box)), size);
    return Label{std::move(text), place};
  }
  void draw_label(const Label& label, const Detection& found) {
    detail::draw_label(canvas_, label.place, label.text, sizes_.text, detail::colour_of_class(found.index));
  }

 private:
  /// Thinner for a small box, so that its inside stays visible.
  std::int64_t line_of(const PixelBox& box) const {
    return std::clamp<std::int64_t>(std::min(box.width(), box.height()) / 4, 1, sizes_.line);
  }

  /// Lines are centred on the box's edges, but stay in the picture where the box does.
  PixelBox frame_of(const PixelBox& box, std::int64_t line) const {
    PixelBox frame{box.left - line / 2, box.top - line / 2, box.right + line / 2, box.bottom + line / 2};
    if (box.left >= 0) frame.left = std::max<std::int64_t>(frame.left, 0);
    if (box.top >= 0) frame.top = std::max<std::int64_t>(frame.top, 0);
    if (box.right <= canvas_.width()) frame.right = std::min(frame.right, canvas_.width());
    if (box.bottom <= canvas_.height()) frame.bottom = std::min(frame.bottom, canvas_.height());
    return frame;
  }

  /// At most kLongest characters, and the picture's width. Keeps the score if it fits.
  std::string label_of(const Detection& found) const {
    const std::size_t most = std::min(kLongest, detail::characters_within(canvas_.width(), sizes_.text));
    std::string score = options_.scores ? detail::to_fixed_text(static_cast<double>(found.score), 2) : "";
    if (!options_.labels) return detail::shortened(score, most);
    if (!score.empty()) score.insert(0, " ");
    const std::string name = found.label.empty() ? "class " + std::to_string(found.index) : found.label;
    if (score.size() + 3 > most) return detail::shortened(name, most);
    return detail::shortened(name, most - score.size()) + score;
  }

  Canvas canvas_;
  const Draw& options_;
  const Sizes sizes_;
  detail::LabelPlaces places_;
};

/// Masks must have the picture's size: they are not scaled.
Result<void> check_masks(const Image& picture, const Detections& found) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    const RunLengths& mask = found[i].mask;
    if (mask.empty()) continue;
    if (auto ok = mask.check(); !ok)
      return Error(ErrorCode::kInvalidArgument,
                   "the mask of detection " + std::to_string(i) + ": " + ok.error().message());
    if (mask.width() == picture.width() && mask.height() == picture.height()) continue;
    return Error(ErrorCode::kInvalidArgument,
                 "the mask of detection " + std::to_string(i) + " is " + std::to_string(mask.width()) + "x" +
                     std::to_string(mask.height()) + ", the picture " + std::to_string(picture.width()) + "x" +
                     std::to_string(picture.height()) + "; masks are drawn on a picture of their size");
  }
  return {};
}

Result<Image> draw_on(const Image& picture, const Detections& found, const Draw& options, const CallContext& call) {
  if (options.mask_alpha > 0) GANTRY_RETURN_IF_ERROR(check_masks(picture, found));
  auto drawn = detail::rgb_copy(picture);
  if (!drawn) return drawn;
  Drawing drawing(*drawn, options);
  const std::size_t count = found.size();
  const auto is_time_to_look = [](std::size_t i) { return i % kDetectionsBetweenLooks == 0; };
  for (std::size_t i = count; i-- > 0;) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    drawing.draw_mask(found[i]);
  }
  for (std::size_t i = count; i-- > 0;) {
    if (is_time_to_look(i)) GANTRY_RETURN_IF_ERROR(call.interruption());
    drawing.draw_box(found[i]);
  }
  for (std::size_t i = count; i-- > 0;) {
    if (is_time_to_look(i)) GANTRY_RETURN_IF_ERROR(call.interruption());
    drawing.draw_keypoints(found[i]);
  }
  // The best labels get their places first, and are drawn last.
  std::vector<std::optional<Drawing::Label>> labels(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (is_time_to_look(i)) GANTRY_RETURN_IF_ERROR(call.interruption());
    labels[i] = drawing.place_label(found[i]);
  }
  for (std::size_t i = count; i-- > 0;) {
    if (is_time_to_look(i)) GANTRY_RETURN_IF_ERROR(call.interruption());
    if (labels[i]) drawing.draw_label(*labels[i], found[i]);
  }
  return drawn;
}

}  // namespace

Stage<std::tuple<Image, Detections>, Image> draw(const Draw& options) {
  return detail::draw_stage<Detections>("detect.draw", options, text_of(options), check(options), draw_on);
}

Result<Image> draw(const Image& picture, const Detections& found, const Draw& options) {
  return detail::drawn_by_hand(picture, found, options, check(options), draw_on);
}

}  // namespace gantry::inline GANTRY_ABI::detect

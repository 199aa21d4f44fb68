// SPDX-License-Identifier: Apache-2.0
#include "cli/draw/drawn_answer.hpp"

#include <algorithm>
#include <gantry/classify.hpp>
#include <gantry/detect/draw.hpp>
#include <gantry/detect/draw_quads.hpp>
#include <gantry/segmentation.hpp>
#include <initializer_list>
#include <utility>
#include <vector>

#include "cli/printable.hpp"
#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/draw_font.hpp"
#include "ops/detect/draw_labels.hpp"
#include "ops/detect/draw_palette.hpp"
#include "ops/detect/draw_sizes.hpp"
#include "ops/image/rgb_copy.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

constexpr double kAlpha = 0.5;  // opacity of a mask's colour

/// "tiger cat 0.39", for a Class or a Detection.
template <class Entry>
std::string words_of_entry(const Entry& entry) {
  const std::string name = entry.label.empty() ? "class " + std::to_string(entry.index) : printable(entry.label);
  return name + " " + detail::to_fixed_text(static_cast<double>(entry.score), 2);
}

/// For each pixel of this picture, the plane's pixel (of `count`) that contains its centre.
std::vector<std::int64_t> own_pixels(const FrameAxis& axis, std::int64_t pixels, std::int64_t own, std::int64_t count) {
  std::vector<std::int64_t> all;
  const double share = static_cast<double>(count) / static_cast<double>(own);
  for (std::int64_t i = 0; i < pixels; ++i) {
    const double at = axis.back(static_cast<double>(i) + 0.5) * share;
    all.push_back(static_cast<std::int64_t>(std::clamp(at, 0.0, static_cast<double>(count - 1))));
  }
  return all;
}

/// Resamples a plane over the input's picture to this picture, by nearest pixel.
template <class T>
Result<Tensor> moved_plane(const Tensor& plane, const PlacedPicture& to) {
  auto moved = Tensor::make(plane.dtype(), {to.image.height(), to.image.width()});
  if (!moved) return moved;
  const auto columns = own_pixels(to.frame.x, to.image.width(), to.frame.width, plane.shape()[1]);
  const auto rows = own_pixels(to.frame.y, to.image.height(), to.frame.height, plane.shape()[0]);
  const auto* const own = static_cast<const T*>(plane.data());
  auto* now = static_cast<T*>(moved->mutable_data());
  for (const std::int64_t row : rows)
    for (const std::int64_t column : columns) *now++ = own[row * plane.shape()[1] + column];
  return moved;
}

Result<RunLengths> moved_mask(const RunLengths& mask, const PlacedPicture& to) {
  if (mask.empty() || (mask.width() == to.image.width() && mask.height() == to.image.height())) return mask;
  if (mask.area() == 0) return RunLengths::of(Tensor::zeros(DType::kU8, {to.image.height(), to.image.width()}).value());
  GANTRY_ASSIGN_OR_RETURN(const auto plane, mask.to_tensor());
  GANTRY_ASSIGN_OR_RETURN(const auto moved, moved_plane<std::uint8_t>(plane, to));
  return RunLengths::of(moved);
}

float forth(const FrameAxis& axis, float own) {
  return static_cast<float>(axis.forth(static_cast<double>(own)));
}

/// Maps from the pixels of the input's picture to those of this one.
Result<Detections> moved(Detections found, const PlacedPicture& to) {
  const Frame& frame = to.frame;
  for (Detection& each : found) {
    Box& box = each.box;
    box = {forth(frame.x, box.x0), forth(frame.y, box.y0), forth(frame.x, box.x1), forth(frame.y, box.y1)};
    for (Keypoint& point : each.keypoints) point.x = forth(frame.x, point.x), point.y = forth(frame.y, point.y);
    GANTRY_ASSIGN_OR_RETURN(each.mask, moved_mask(each.mask, to));
  }
  return found;
}

Quads moved(Quads found, const Frame& frame) {
  for (FoundQuad& each : found)
    for (Quad::Corner& corner : each.quad.corners) corner = {forth(frame.x, corner.x), forth(frame.y, corner.y)};
  return found;
}

bool can_be_drawn(const PayloadType& type) {
  return type.is<Detections>() || type.is<Quads>() || type.is<Classes>() || type.is<Masks>() || type.is<Tensor>();
}

}  // namespace

Result<void> check_can_be_drawn(const AnyPipeline& pipeline) {
  const Span<const Port> outputs = pipeline.outputs();
  if (outputs.size() == 1 && can_be_drawn(outputs[0].type)) return {};
  std::string given;
  for (const Port& port : outputs) given += (given.empty() ? "" : ", ") + port.type.name();
  return Error(
      ErrorCode::kInvalidArgument,
      "--draw: Detections, Quads, Classes, Masks and a Tensor of labels can be drawn; the pipeline gives " + given);
}

std::string doubt_about_places(const AnyPipeline& pipeline) {
  const PayloadType& type = pipeline.outputs()[0].type;
  if (type.is<Classes>()) return {};
  const std::string plan = pipeline.explain();
  const auto has_any = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(), [&](const char* name) { return plan.find(name) != plan.npos; });
  };
  const bool are_planes = type.is<Masks>() || type.is<Tensor>();  // they are stretched over the picture
  const bool is_moved = has_any({"image.letterbox", "image.crop", "image.center_crop", "image.pad", "image.flip",
                                 "image.rotate90", "image.affine", "image.perspective"}) ||
                        (!are_planes && has_any({"image.resize", "image.thumbnail", "interpolate"}));
  if (!is_moved || has_any({"to_picture", "paste_masks", "size=picture", "sliding_window"})) return {};
  return "--draw: ops before the model move the picture, and no op behind it brings what is found back to the "
         "picture's own pixels, so it may be drawn elsewhere; detect.to_picture does, for labels segment with "
         "size=picture";
}

namespace {

/// Each mask in a colour of its own.
Result<Image> draw_masks(const PlacedPicture& picture, const Masks& masks) {
  auto drawn = detail::rgb_copy(picture.image);
  if (!drawn) return drawn;
  detail::Canvas canvas(*drawn);
  for (std::size_t i = 0; i < masks.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(const auto mask, moved_mask(masks[i], picture));
    canvas.blend(mask, detail::colour_of_class(static_cast<std::int64_t>(i)), detail::AlphaBlend(kAlpha));
  }
  return drawn;
}

/// Labels cover the whole picture, whatever their size is.
Result<Image> draw_labels(const PlacedPicture& picture, const Tensor& labels) {
  GANTRY_ASSIGN_OR_RETURN(const auto dense, labels.contiguous());
  if (labels.dtype() != DType::kI32 || labels.rank() != 2 || labels.numel() == 0)
    return Error(ErrorCode::kInvalidArgument,
                 "--draw: the only tensors that can be drawn are labels, i32[height, width]; this pipeline gives " +
                     labels.to_string());
  GANTRY_ASSIGN_OR_RETURN(const auto moved, moved_plane<std::int32_t>(dense, picture));
  auto drawn = detail::rgb_copy(picture.image);
  if (!drawn) return drawn;
  const detail::AlphaBlend blend(kAlpha);
  const auto* label = static_cast<const std::int32_t*>(moved.data());
  for (std::int64_t y = 0; y < drawn->height(); ++y) {
    std::uint8_t* pixel = drawn->mutable_row(y);
    for (std::int64_t x = 0; x < drawn->width(); ++x, ++label, pixel += 3) {
      if (*label <= 0) continue;  // class 0 is the background
      blend(pixel, detail::colour_of_class(*label));
    }
  }
  return drawn;
}

/// "3 masks: 120, 80, 7 pixels".
std::string words_of_masks(const Masks& masks) {
  constexpr std::size_t kMost = 8;
  std::string words = std::to_string(masks.size()) + " masks";
  for (std::size_t i = 0; i < std::min(masks.size(), kMost); ++i)
    words += (i == 0 ? ": " : ", ") + std::to_string(masks[i].area());
  return words + (masks.empty() ? "" : masks.size() > kMost ? ", .. pixels" : " pixels");
}

}  // namespace

Result<Image> draw_answer(const PlacedPicture& picture, const Payload& answer, bool has_caption) {
  if (const Detections* found = answer.get_if<Detections>()) {
    GANTRY_ASSIGN_OR_RETURN(const auto placed, moved(*found, picture));
    return detect::draw(picture.image, placed);
  }
  if (const Quads* found = answer.get_if<Quads>())
    return detect::draw_quads(picture.image, moved(*found, picture.frame));
  if (const Masks* masks = answer.get_if<Masks>()) return draw_masks(picture, *masks);
  if (const Tensor* labels = answer.get_if<Tensor>()) return draw_labels(picture, *labels);
  auto drawn = detail::rgb_copy(picture.image);
  const Classes* const classes = answer.get_if<Classes>();
  if (!drawn || classes == nullptr || classes->empty() || !has_caption) return drawn;
  detail::Canvas canvas(*drawn);
  const std::int64_t scale = detail::text_scale_for(drawn->width(), drawn->height());
  const std::string words =
      detail::shortened(words_of_entry((*classes)[0]), detail::characters_within(drawn->width(), scale));
  detail::draw_label(canvas, detail::label_size(detail::count_characters(words), scale), words, scale,
                     detail::colour_of_class((*classes)[0].index));
  return drawn;
}

std::string words_of(const Payload& answer) {
  if (const Classes* classes = answer.get_if<Classes>())
    return classes->empty() ? "no class" : words_of_entry((*classes)[0]);
  if (const Quads* quads = answer.get_if<Quads>()) return std::to_string(quads->size()) + " quads";
  if (const Masks* masks = answer.get_if<Masks>()) return words_of_masks(*masks);
  if (const Tensor* labels = answer.get_if<Tensor>()) return labels->to_string();
  const Detections* const found = answer.get_if<Detections>();
  if (found == nullptr || found->empty()) return "nothing found";
  constexpr std::size_t kMost = 8;
  std::string words = std::to_string(found->size()) + ": ";
  for (std::size_t i = 0; i < std::min(found->size(), kMost); ++i)
    words += (i == 0 ? "" : ", ") + words_of_entry((*found)[i]);
  return found->size() > kMost ? words + ", .." : words;
}

}  // namespace gantry::inline GANTRY_ABI::cli

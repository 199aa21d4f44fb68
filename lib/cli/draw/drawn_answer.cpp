// SPDX-License-Identifier: Apache-2.0
#include "cli/draw/drawn_answer.hpp"

#include <algorithm>
#include <gantry/classify.hpp>
#include <gantry/detect/draw.hpp>
#include <gantry/detect/draw_quads.hpp>
#include <utility>
#include <vector>

#include "cli/printable.hpp"
#include "core/number_text.hpp"
#include "ops/detect/draw_font.hpp"
#include "ops/detect/draw_labels.hpp"
#include "ops/detect/draw_palette.hpp"
#include "ops/detect/draw_sizes.hpp"

namespace gantry::cli {
namespace {

/// "tiger cat 0.39", of a Class or a Detection.
template <class Entry>
std::string words_of_entry(const Entry& entry) {
  const std::string name = entry.label.empty() ? "class " + std::to_string(entry.index) : printable(entry.label);
  return name + " " + detail::to_fixed_text(static_cast<double>(entry.score), 2);
}

float forth(const FrameAxis& axis, float own) {
  return static_cast<float>(axis.forth(static_cast<double>(own)));
}

/// From the pixels of the input's picture to those of this one.
Detections moved(Detections found, const Frame& frame) {
  for (Detection& each : found) {
    Box& box = each.box;
    box = {forth(frame.x, box.x0), forth(frame.y, box.y0), forth(frame.x, box.x1), forth(frame.y, box.y1)};
    for (Keypoint& point : each.keypoints) point.x = forth(frame.x, point.x), point.y = forth(frame.y, point.y);
  }
  return found;
}

Quads moved(Quads found, const Frame& frame) {
  for (FoundQuad& each : found)
    for (Quad::Corner& corner : each.quad.corners) corner = {forth(frame.x, corner.x), forth(frame.y, corner.y)};
  return found;
}

bool can_be_drawn(const PayloadType& type) {
  return type.is<Detections>() || type.is<Quads>() || type.is<Classes>();
}

}  // namespace

Result<void> check_can_be_drawn(const AnyPipeline& pipeline) {
  const Span<const Port> outputs = pipeline.outputs();
  if (outputs.size() == 1 && can_be_drawn(outputs[0].type)) return {};
  std::string given;
  for (const Port& port : outputs) given += (given.empty() ? "" : ", ") + port.type.name();
  return Error(ErrorCode::kInvalidArgument,
               "--draw: Detections, Quads and Classes can be drawn; the pipeline gives " + given);
}

Result<Image> draw_answer(const PlacedPicture& picture, const Payload& answer, bool has_caption) {
  if (const Detections* found = answer.get_if<Detections>())
    return detect::draw(picture.image, moved(*found, picture.frame));
  if (const Quads* found = answer.get_if<Quads>())
    return detect::draw_quads(picture.image, moved(*found, picture.frame));
  auto drawn = detect::draw(picture.image, Detections());  // pixels of its own
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
  const Detections* const found = answer.get_if<Detections>();
  if (found == nullptr || found->empty()) return "nothing found";
  constexpr std::size_t kMost = 8;
  std::string words = std::to_string(found->size()) + ": ";
  for (std::size_t i = 0; i < std::min(found->size(), kMost); ++i)
    words += (i == 0 ? "" : ", ") + words_of_entry((*found)[i]);
  return found->size() > kMost ? words + ", .." : words;
}

}  // namespace gantry::cli

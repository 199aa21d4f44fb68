// SPDX-License-Identifier: Apache-2.0
// detect.paste_masks and detect.masks_of.
#include <gantry/detect/paste_masks.hpp>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/activation.hpp"
#include "ops/detect/moved_to_picture.hpp"
#include "ops/detect/pasted_mask.hpp"
#include "ops/parameters.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

Error error_of(std::size_t index, const std::string& text) {
  return Error(ErrorCode::kInvalidArgument, "detection " + std::to_string(index) + " " + text);
}

/// Whether boxes are in pixels of the model's input; true if there are none.
Result<bool> are_in_input(const Detections& detections) {
  for (std::size_t i = 0; i < detections.size(); ++i) {
    if (detections[i].soft_mask.empty())
      return error_of(
          i, "has no mask values; a decoder gives them, as detect.boxes with `masks` and detect.yolov8_seg do");
    const bool is_moved = detections[i].soft_mask.frame() != nullptr;
    if (is_moved != (detections[0].soft_mask.frame() != nullptr))
      return error_of(i, std::string("is ") + (is_moved ? "" : "not ") +
                             "in the picture's pixels, unlike detection 0: all are, or none");
  }
  return detections.empty() || detections[0].soft_mask.frame() == nullptr;
}

Result<void> check_picture(const Frame& frame) {
  const bool are_sides = frame.width > 0 && frame.height > 0;
  if (are_sides && frame.width <= std::numeric_limits<std::uint32_t>::max() / frame.height) return {};
  return Error(ErrorCode::kFailedPrecondition, "a mask has 1..4294967295 pixels, and the picture is " +
                                                   std::to_string(frame.width) + "x" + std::to_string(frame.height));
}

/// Makes masks one after the other.
class Paste {
 public:
  Paste(const PasteMasks& options, const CallContext& call)
      : threshold_(static_cast<float>(options.threshold)),
        gate_(static_cast<float>(detail::logit(options.threshold))),
        budget_(call) {}

  Result<RunLengths> operator()(const SoftMask& from) {
    const Frame& frame = *from.frame();
    GANTRY_RETURN_IF_ERROR(check_picture(frame));
    const Box& box = from.box();
    constexpr float kNone = std::numeric_limits<float>::infinity();
    const Box placed = detail::is_placed(box) ? box : Box{kNone, kNone, kNone, kNone};
    const Tensor* const prototypes = from.prototypes();
    if (prototypes == nullptr)
      return detail::paste_over_box(from.values(), detail::PictureAxes(frame).back(placed, false), frame, threshold_,
                                    budget_);
    if (!prototypes_ || !prototypes_->is_for(frame, *prototypes, from.stride()))
      prototypes_.emplace(frame, *prototypes, from.stride());
    return prototypes_->paste(from.values(), placed, gate_, budget_);
  }

 private:
  float threshold_;
  float gate_;
  detail::PasteBudget budget_;
  std::optional<detail::PrototypePaste> prototypes_;
};

Result<Detections> pasted(const PasteMasks& options, Detections&& found, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto is_moving, are_in_input(found));
  auto moved =
      is_moving ? detail::moved_to_picture(std::move(found), true, call) : Result<Detections>(std::move(found));
  if (!moved) return moved;
  Paste paste(options, call);
  for (Detection& one : *moved) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    GANTRY_ASSIGN_OR_RETURN(one.mask, paste(one.soft_mask));
    one.soft_mask = {};
  }
  return moved;
}

Result<Masks> masks_alone(Detections&& detections) {
  std::vector<RunLengths> masks;
  masks.reserve(detections.size());
  for (std::size_t i = 0; i < detections.size(); ++i) {
    if (detections[i].mask.empty()) return error_of(i, "has no mask; detect.paste_masks makes it");
    masks.push_back(std::move(detections[i].mask));
  }
  return Masks(std::move(masks));
}

}  // namespace

Stage<Detections, Detections> paste_masks(const PasteMasks& options) {
  return detail::make_op<Detections, Detections>("detect.paste_masks", options,
                                                 "threshold=" + detail::to_text(options.threshold),
                                                 detail::check_range("threshold", options.threshold, 0, 1),
                                                 [](const PasteMasks& p, Detections&& found, const CallContext& call) {
                                                   return pasted(p, std::move(found), call);
                                                 });
}

Stage<Detections, Masks> masks_of() {
  return detail::make_op<Detections, Masks>(
      "detect.masks_of", detail::NoParameters{}, "", {},
      [](const detail::NoParameters&, Detections&& detections) { return masks_alone(std::move(detections)); });
}

}  // namespace gantry::inline GANTRY_ABI::detect

// SPDX-License-Identifier: Apache-2.0
// detect.nms: non-maximum suppression among detections.
#include <gantry/detect/nms.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/detection_columns.hpp"
#include "ops/detect/nms_options.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

const char* to_text(Suppress suppress) {
  switch (suppress) {
    case Suppress::kPerClass:
      return "per_class";
    case Suppress::kAny:
      return "any";
    case Suppress::kTorchvision:
      return "torchvision";
  }
  return "?";
}

Result<Detections> run_nms(const Nms& options, Detections&& detections, const CallContext& call) {
  const detail::DetectionColumns columns(detections);
  GANTRY_ASSIGN_OR_RETURN(auto kept, batched_nms(Span<const Box>(columns.boxes), Span<const float>(columns.scores),
                                                 Span<const std::int64_t>(columns.classes), options, call));
  return detail::taken(std::move(detections), kept);
}

}  // namespace

Stage<Detections, Detections> nms(const Nms& options) {
  std::string text = "iou=" + detail::to_text(options.iou) + ", suppress=" + to_text(options.suppress) +
                     ", max_count=" + std::to_string(options.max_count);
  if (options.overlap == Overlap::kSmaller) text += ", overlap=smaller";
  if (options.inclusive) text += ", inclusive=true";
  return detail::make_op<Detections, Detections>("detect.nms", options, std::move(text), check_nms(options),
                                                 [](const Nms& p, Detections&& detections, const CallContext& call) {
                                                   return run_nms(p, std::move(detections), call);
                                                 });
}

}  // namespace gantry::inline GANTRY_ABI::detect

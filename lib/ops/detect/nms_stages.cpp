// SPDX-License-Identifier: Apache-2.0
// detect.nms: non-maximum suppression among detections.
#include <gantry/detect/nms.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "ops/detect/detection_columns.hpp"
#include "ops/parameters.hpp"

namespace gantry::detect {
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

Result<void> check(const Nms& options) {
  if (options.suppress > Suppress::kTorchvision) return Error(ErrorCode::kInvalidArgument, "unknown suppress");
  if (!(options.iou >= 0 && options.iou <= 1))
    return Error(ErrorCode::kInvalidArgument, "iou must be 0..1, got " + detail::to_text(options.iou));
  return detail::check_range("max_count", options.max_count, 1, detail::kMaxK);
}

Result<Detections> run_nms(const Nms& options, Detections&& detections, const CallContext& call) {
  const detail::DetectionColumns columns(detections);
  auto kept = batched_nms(columns.boxes, columns.scores, columns.classes, options.iou, options.suppress,
                          static_cast<std::size_t>(options.max_count), call);
  if (!kept) return std::move(kept).error();
  return detail::taken(std::move(detections), *kept);
}

}  // namespace

Stage<Detections, Detections> nms(const Nms& options) {
  std::string text = "iou=" + detail::to_text(options.iou) + ", suppress=" + to_text(options.suppress) +
                     ", max_count=" + std::to_string(options.max_count);
  return detail::make_op<Detections, Detections>("detect.nms", options, std::move(text), check(options),
                                                 [](const Nms& p, Detections&& detections, const CallContext& call) {
                                                   return run_nms(p, std::move(detections), call);
                                                 });
}

}  // namespace gantry::detect

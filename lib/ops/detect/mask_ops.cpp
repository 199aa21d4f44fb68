// SPDX-License-Identifier: Apache-2.0
// Registers the ops on masks of detections.
#include <gantry/detect/paste_masks.hpp>
#include <gantry/registry.hpp>

#include "ops/ops.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<Detections, Detections> read_paste_masks(ParamReader& params) {
  return detect::paste_masks({params.number("threshold")});
}

OpDescription paste_masks_description() {
  return {.summary =
              "makes a mask of the picture's own size of each detection's mask values, and moves boxes and "
              "keypoints to the picture's own pixels; boxes together cover up to 2^32 pixels",
          .input = "detections with mask values, of `detect.boxes` with `masks` or of `detect.yolov8_seg`",
          .output = "with `mask`",
          .parameters = {OpParameter::number("threshold", "probabilities above it are inside")
                             .at_least(0)
                             .at_most(1)
                             .by_default(0.5)},
          .reference =
              "torchvision: `paste_masks_in_image(padding=1) > threshold`; of prototypes ultralytics: "
              "`process_mask(upsample=True)` before its threshold, the picture's part cut out, "
              "`interpolate(mode=\"bilinear\")` to the picture's size, `> logit(threshold)`",
          .tolerance = "exact but where a value is within rounding of the threshold",
          .example = R"({"op": "detect.paste_masks", "threshold": 0.5})"};
}

OpDescription masks_of_description() {
  return {.summary = "gives the masks of detections alone, in their order",
          .reference = "the same pixels",
          .tolerance = "exact",
          .example = R"({"op": "detect.masks_of"})"};
}

}  // namespace

void add_mask_ops(Registry& registry) {
  registry.add<Detections, Detections>("detect.paste_masks", read_paste_masks, paste_masks_description);
  registry.add<Detections, Masks>(
      "detect.masks_of", [](ParamReader&) { return detect::masks_of(); }, masks_of_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail

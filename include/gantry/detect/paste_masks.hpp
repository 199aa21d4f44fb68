// SPDX-License-Identifier: Apache-2.0
// Masks of detections at the size of their picture, from what the head says of their shape.
//
//   auto tail = detector.stage<Tensor, Tensors>() | detect::yolov8_seg({}) | detect::nms({}) | detect::paste_masks();
#pragma once

#include <gantry/detect/detections.hpp>
#include <gantry/segment/masks.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

struct PasteMasks {
  /// A pixel is inside where its probability is above it, 0..1. Of prototypes the probability is the sigmoid of a
  /// logit.
  double threshold = 0.5;
};

/// Makes a mask of the picture's own size of each detection's soft_mask, which is let go. Boxes and keypoints that are
/// in pixels of the model's input are moved to the picture as to_picture() does it.
///
/// Probabilities over a box: torchvision's paste_masks_in_image() (models/detection/roi_heads.py) with its padding of
/// 1, for the box as the head gave it, then `> threshold`. The picture may have been mirrored or turned before the
/// model. Prototypes: ultralytics' process_mask() with upsample=True (utils/ops.py): the logits are set to 0 outside
/// the box, in pixels of the prototypes, and resampled bilinearly to the model's input. Unlike there they stay logits:
/// the picture's part of the input is cut out, resampled bilinearly to the picture's size, and only then compared, with
/// the logit of `threshold`, 0 for 0.5. What the model was not shown of the picture is outside.
///
/// Equal to torch's but where a value is within rounding of the threshold. NaN is above nothing; a box with a NaN, an
/// infinity or a number beyond 2^31 has a mask without a pixel. Errors: invalid_argument for a detection without a
/// soft_mask, with its number, and where some detections are in the picture already and others are not;
/// failed_precondition where nobody knows the picture (see Frame); resource_exhausted where the boxes cover more than
/// 2^32 pixels of pictures together; and what interrupts the call, which is looked at on the way. Cost: for each column
/// of a box its crossings of the threshold, and two values for each row of the head's mask; of prototypes also a
/// nanosecond for each pixel of the model's input along it. No plane of the picture's size is made.
GANTRY_API Stage<Detections, Detections> paste_masks(const PasteMasks& options = {});

/// The masks alone, in the same order. invalid_argument for a detection without one, with its number.
GANTRY_API Stage<Detections, Masks> masks_of();

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// Masks of detections at the size of their picture, from a head's data about their shape.
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
  /// A pixel is inside if its probability exceeds this, 0..1. For prototypes the probability is the sigmoid of a
  /// logit.
  double threshold = 0.5;
};

/// Makes a mask of the picture's own size from each detection's soft_mask, and releases the soft_mask. Moves boxes and
/// keypoints in pixels of the model's input to the picture, as to_picture() does.
///
/// Probabilities over a box: torchvision's paste_masks_in_image() (models/detection/roi_heads.py) with its padding of
/// 1, for the box as the head gave it, then `> threshold`. The picture may have been mirrored or rotated before the
/// model. Prototypes: ultralytics' process_mask() with upsample=True (utils/ops.py): sets the logits to 0 outside the
/// box, in pixels of the prototypes, and resamples them bilinearly to the model's input. Unlike the reference they stay
/// logits: the picture's part of the input is cut out, resampled bilinearly to the picture's size, and then compared
/// with the logit of `threshold`, 0 for 0.5. Picture areas that the model did not see are outside.
///
/// Equals torch's masks, except where a value is within rounding of the threshold. NaN exceeds nothing; a box with a
/// NaN, an infinity or a number beyond 2^31 has a mask without pixels. Errors: invalid_argument for a detection without
/// a soft_mask, with its number, and if only some detections are in the picture's pixels; failed_precondition if the
/// picture is unknown (see Frame); resource_exhausted if the boxes cover more than 2^32 pixels of pictures together;
/// deadline_exceeded, cancelled, also while it runs. Cost: for each column of a box its crossings of the threshold, and
/// two values for each row of the head's mask; for prototypes also a nanosecond for each pixel of the model's input
/// along it. Makes no plane of the picture's size.
GANTRY_API Stage<Detections, Detections> paste_masks(const PasteMasks& options = {});

/// The masks only, in the same order. invalid_argument for a detection without one, with its number.
GANTRY_API Stage<Detections, Masks> masks_of();

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

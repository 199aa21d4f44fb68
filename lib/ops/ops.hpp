// SPDX-License-Identifier: Apache-2.0
// The ops of each domain, and the codecs of its payload types, added to a Registry.
#pragma once

#include <gantry/registry.hpp>

#include "ops/startup_code.hpp"

namespace gantry::inline GANTRY_ABI::detail {

GANTRY_STARTUP_CODE void add_image_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_classify_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_draw_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_segment_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_detect_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_decoder_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_keypoint_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_mask_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_cascade_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_embedding_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_quad_ops(Registry& registry);
GANTRY_STARTUP_CODE void add_tensor_ops(Registry& registry);

/// Of Image.
GANTRY_STARTUP_CODE void add_image_codec(Registry& registry);
/// Of Classes.
GANTRY_STARTUP_CODE void add_classes_codec(Registry& registry);
/// Of Detections, Boxes and Keypoints.
GANTRY_STARTUP_CODE void add_detection_codecs(Registry& registry);
/// Of Masks.
GANTRY_STARTUP_CODE void add_masks_codec(Registry& registry);
/// Of Quads.
GANTRY_STARTUP_CODE void add_quads_codec(Registry& registry);
/// Of Tensor, Tensors and Bytes.
GANTRY_STARTUP_CODE void add_tensor_codecs(Registry& registry);

}  // namespace gantry::inline GANTRY_ABI::detail

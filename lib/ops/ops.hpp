// SPDX-License-Identifier: Apache-2.0
// Functions that add the ops of each domain, and the codecs of its payload types, to a Registry.
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

/// Adds the codec of Image.
GANTRY_STARTUP_CODE void add_image_codec(Registry& registry);
/// Adds the codec of Classes.
GANTRY_STARTUP_CODE void add_classes_codec(Registry& registry);
/// Adds the codecs of Detections, Boxes and Keypoints.
GANTRY_STARTUP_CODE void add_detection_codecs(Registry& registry);
/// Adds the codec of Masks.
GANTRY_STARTUP_CODE void add_masks_codec(Registry& registry);
/// Adds the codec of Quads.
GANTRY_STARTUP_CODE void add_quads_codec(Registry& registry);
/// Adds the codecs of Tensor, Tensors and Bytes.
GANTRY_STARTUP_CODE void add_tensor_codecs(Registry& registry);

}  // namespace gantry::inline GANTRY_ABI::detail

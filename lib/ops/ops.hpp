// SPDX-License-Identifier: Apache-2.0
// The ops of each domain, and the codecs of its payload types, added to a Registry.
#pragma once

#include <gantry/registry.hpp>

namespace gantry::detail {

void add_image_ops(Registry& registry);
void add_classify_ops(Registry& registry);
void add_draw_ops(Registry& registry);
void add_segment_ops(Registry& registry);
void add_detect_ops(Registry& registry);
void add_decoder_ops(Registry& registry);
void add_keypoint_ops(Registry& registry);
void add_mask_ops(Registry& registry);
void add_cascade_ops(Registry& registry);
void add_embedding_ops(Registry& registry);
void add_quad_ops(Registry& registry);
void add_tensor_ops(Registry& registry);

/// Of Image.
void add_image_codec(Registry& registry);
/// Of Classes.
void add_classes_codec(Registry& registry);
/// Of Detections, Boxes and Keypoints.
void add_detection_codecs(Registry& registry);
/// Of Masks.
void add_masks_codec(Registry& registry);
/// Of Quads.
void add_quads_codec(Registry& registry);
/// Of Tensor, Tensors and Bytes.
void add_tensor_codecs(Registry& registry);

}  // namespace gantry::detail

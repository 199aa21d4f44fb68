// SPDX-License-Identifier: Apache-2.0
// Registry::builtin(): every op and every codec of gantry::core, domain by domain.
#include <gantry/registry.hpp>

#include "ops/ops.hpp"

namespace gantry::inline GANTRY_ABI {

namespace {

Registry make_builtin() {
  Registry registry;
  detail::add_image_ops(registry);
  detail::add_classify_ops(registry);
  detail::add_draw_ops(registry);
  detail::add_segment_ops(registry);
  detail::add_detect_ops(registry);
  detail::add_decoder_ops(registry);
  detail::add_keypoint_ops(registry);
  detail::add_mask_ops(registry);
  detail::add_cascade_ops(registry);
  detail::add_embedding_ops(registry);
  detail::add_quad_ops(registry);
  detail::add_tensor_ops(registry);
  detail::add_image_codec(registry);
  detail::add_classes_codec(registry);
  detail::add_detection_codecs(registry);
  detail::add_masks_codec(registry);
  detail::add_quads_codec(registry);
  detail::add_tensor_codecs(registry);
  return registry;
}

}  // namespace

Registry Registry::builtin() {
  // Made once, because it takes a thousand allocations. Never freed, because configs may be read during exit.
  static const Registry* const registry = new Registry(make_builtin());
  return *registry;
}

}  // namespace gantry::inline GANTRY_ABI

// SPDX-License-Identifier: Apache-2.0
// The image ops by name. Each factory reads its parameters and calls the typed function, which checks the limits.
#include "ops/image/op_parameters.hpp"
#include "ops/ops.hpp"

namespace gantry::inline GANTRY_ABI::detail {

void add_image_ops(Registry& registry) {
  add_decode_ops(registry);
  add_resize_ops(registry);
  add_crop_ops(registry);
  add_warp_ops(registry);
  add_pixel_ops(registry);
  add_area_ops(registry);
  add_encode_ops(registry);
  registry.add_predicate(image::is_gray(), "whether the image has one channel");
}

}  // namespace gantry::inline GANTRY_ABI::detail

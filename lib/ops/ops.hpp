// SPDX-License-Identifier: Apache-2.0
// The ops of each domain, added to a Registry.
#pragma once

#include <gantry/registry.hpp>

namespace gantry::detail {

void add_image_ops(Registry& registry);
void add_classify_ops(Registry& registry);
void add_segment_ops(Registry& registry);
void add_tensor_ops(Registry& registry);

}  // namespace gantry::detail

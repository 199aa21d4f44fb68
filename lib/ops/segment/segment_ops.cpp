// SPDX-License-Identifier: Apache-2.0
// The segmentation ops by name.
#include <gantry/registry.hpp>
#include <gantry/segmentation.hpp>

#include "ops/ops.hpp"

namespace gantry::detail {

void add_segment_ops(Registry& registry) {
  registry.add<Tensor, Tensor>("segment", [](ParamReader& params) {
    Segment size;
    size.height = params.integer("height", size.height);
    size.width = params.integer("width", size.width);
    return segment(size);
  });
}

}  // namespace gantry::detail

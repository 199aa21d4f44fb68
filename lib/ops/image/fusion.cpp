// SPDX-License-Identifier: Apache-2.0
#include "ops/image/image_op.hpp"
namespace gantry::detail {
Fusion ImageKernel::fuse(Span<const Branch>) const {
  return {};
}
}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
// The check of Nms, shared by the stage and the function.
#pragma once

#include <gantry/detect/nms.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detect {

Result<void> check_nms(const Nms& options);

}  // namespace gantry::inline GANTRY_ABI::detect

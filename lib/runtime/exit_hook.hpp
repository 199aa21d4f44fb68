// SPDX-License-Identifier: Apache-2.0
// The hook that ends every runtime when the process exits, before static destruction begins.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Registers the exit hook once more. Statics are destroyed in the opposite order of their construction, and an
/// engine's library makes some on its first calls: after those, the hook must be the newer one.
void renew_exit_hook();

}  // namespace gantry::inline GANTRY_ABI::detail

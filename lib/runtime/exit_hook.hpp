// SPDX-License-Identifier: Apache-2.0
// The exit hook stops every runtime when the process exits, before static destruction begins.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Registers the exit hook again. Exit hooks and destructors of statics run in reverse order of registration. An
/// engine's library creates statics on its first calls; the hook must be registered after them, to run before they are
/// destroyed.
void renew_exit_hook();

}  // namespace gantry::inline GANTRY_ABI::detail

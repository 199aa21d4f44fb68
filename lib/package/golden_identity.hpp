// SPDX-License-Identifier: Apache-2.0
// What a golden record counts for.
#pragma once

#include <gantry/result.hpp>
#include <string>

#include "package/model_candidate.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The SHA-256, in hexadecimal, of all that decides whether golden cases pass and what is found out about batches: the
/// manifest, which holds every file's hash; gantry's, the engines' and the C library's version; the build of the
/// program and of gantry's library; the CPU; the runtime's threads; what the host set in OpenOptions. unsupported where
/// not all of it can be told: models on a GPU or of the host's own, a CPU that is unknown; invalid_argument without a
/// golden_tag where the host has ops of its own.
Result<std::string> golden_identity(const OpeningContext& context);

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// The identity of a golden record: everything that its result depends on.
#pragma once

#include <gantry/result.hpp>
#include <string>

#include "package/model_candidate.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The SHA-256, in hexadecimal, of everything that decides whether golden cases pass and how batches behave: the
/// manifest, which has every file's hash; the versions of gantry, the engines and the C library; the builds of the
/// program and of gantry's library; the CPU; the runtime's threads; what the host set in OpenOptions. unsupported if a
/// part is unknown: models on a GPU, models of the host, an unknown CPU; invalid_argument if the host has its own ops
/// and no golden_tag.
Result<std::string> golden_identity(const OpeningContext& context);

}  // namespace gantry::inline GANTRY_ABI::detail

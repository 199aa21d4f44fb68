// SPDX-License-Identifier: Apache-2.0
// Unpacks the compressed texts of a PNG.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ops/image/call_watch.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Inflates `packed`; if the data ends early, gives as much as there is. Nothing if it is not zlib data, has more than
/// `max_bytes`, or the call is over. Throws std::bad_alloc.
std::optional<std::string> unpack_png_text(std::string_view packed, std::size_t max_bytes, CallWatch& watch);

}  // namespace gantry::inline GANTRY_ABI::detail

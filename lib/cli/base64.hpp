// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648), for embedding pictures in a page.
#pragma once

#include <gantry/bytes.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// With padding, on one line.
std::string to_base64(const Bytes& bytes);

}  // namespace gantry::inline GANTRY_ABI::cli

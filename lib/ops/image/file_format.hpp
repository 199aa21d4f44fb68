// SPDX-License-Identifier: Apache-2.0
// The format of a file by its first bytes: the formats that are decoded, and the names of others.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/error.hpp>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// A view of the bytes, for searching.
inline std::string_view file_text(const Bytes& file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

bool is_jpeg(const Bytes& file);
bool is_png(const Bytes& file);
bool is_webp(const Bytes& file);

/// The error for a file of another format: invalid_argument, reason media_type. It names the format and what to do, or
/// the first bytes of an unknown format. Reads at most the first 1024 bytes.
Error not_read(const Bytes& file);

}  // namespace gantry::inline GANTRY_ABI::detail

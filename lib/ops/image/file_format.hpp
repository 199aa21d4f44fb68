// SPDX-License-Identifier: Apache-2.0
// What a file is, by its first bytes: the formats that are read, and the names of others.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/error.hpp>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// The bytes as they lie there, for searching; no copy.
inline std::string_view file_text(const Bytes& file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

bool is_jpeg(const Bytes& file);
bool is_png(const Bytes& file);
bool is_webp(const Bytes& file);

/// For a file that is none of these: invalid_argument, reason media_type, with the format's name and what to do, or
/// with the first bytes of what nobody knows. Reads at most the first 1024 bytes.
Error not_read(const Bytes& file);

}  // namespace gantry::inline GANTRY_ABI::detail

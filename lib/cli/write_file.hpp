// SPDX-License-Identifier: Apache-2.0
// Writing a file that the user named.
#pragma once

#include <gantry/bytes.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// Replaces the file. failed_precondition if it cannot be written.
Result<void> write_file(const std::string& path, const Bytes& content);

}  // namespace gantry::inline GANTRY_ABI::cli

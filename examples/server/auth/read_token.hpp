// SPDX-License-Identifier: Apache-2.0
// read_token: a secret from a file, as containers get theirs.
#pragma once

#include <gantry/result.hpp>
#include <string>

namespace gantry_server {

/// The file's first line, without spaces around it. not_found if it cannot be read; invalid_argument if it is empty or
/// has bytes that a header cannot carry.
gantry::Result<std::string> read_token(const std::string& path);

}  // namespace gantry_server

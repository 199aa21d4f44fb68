// SPDX-License-Identifier: Apache-2.0
// The description of the server's HTTP for programs, OpenAPI 3.1: openapi.json, which is built into the program.
#pragma once

#include <string_view>

namespace gantry_server {

/// JSON; it lives as long as the program. It is the same whatever models are loaded.
std::string_view openapi_text();

}  // namespace gantry_server

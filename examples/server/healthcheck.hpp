// SPDX-License-Identifier: Apache-2.0
// check_health: the container's HEALTHCHECK, by the program itself.
#pragma once

#include <gantry/result.hpp>
#include <string>

namespace gantry_server {

/// GET /v2/health/ready at an address of http.listen. Its body as the error if it is not ready.
gantry::Result<void> check_health(const std::string& address, bool is_encrypted);

}  // namespace gantry_server

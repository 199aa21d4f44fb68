// SPDX-License-Identifier: Apache-2.0
// The header lines that are sent with each export, such as a token.
#pragma once

#include <gantry/result.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace_options.hpp"

namespace gantry_server {

using HeaderLines = std::vector<std::pair<std::string, std::string>>;

/// TraceOptions::environment_headers, then headers_file. The errors name where the line is, but show no value, which
/// may be secret: not_found if the file cannot be read, invalid_argument for what is no header.
gantry::Result<HeaderLines> read_export_headers(const TraceOptions& options);

/// Each %XX is its byte, as OTEL_... variables have it; what is no escape stays.
std::string percent_decoded(std::string_view text);

}  // namespace gantry_server

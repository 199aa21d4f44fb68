// SPDX-License-Identifier: Apache-2.0
// From what a pipeline gives to JSON.
#pragma once

#include <gantry/error.hpp>
#include <gantry/value.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace gantry::cli {

/// Keys keep the order they are written in.
using Json = nlohmann::ordered_json;

/// {"classes": [{"index", "label", "score"}]}, {"tensors": {name: {"dtype", "shape", "data"}}} (a lone tensor is called
/// "output"; data is row-major and flat; NaN and infinities, which JSON lacks, are null), {"image": {"width", "height",
/// "colour"}}, {"bytes": {"size"}}, {"list": [...]}, {"tuple": [...]}, and {"type": name} for anything else.
Json render(const detail::Value& value);

/// {"code", "message"}: the message holds the place.
Json render(const Error& error);

/// One line without its end; bytes that are not UTF-8 become U+FFFD.
std::string to_line(const Json& json);

}  // namespace gantry::cli

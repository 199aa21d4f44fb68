// SPDX-License-Identifier: Apache-2.0
// HttpAnswer: an answer of a server, and the Error that one with an error is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gantry/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::remote {

struct HttpAnswer {
  unsigned status = 0;
  bool keeps = false;         // whether the connection may be used again
  std::string model_version;  // X-Model-Version
  std::string json_size;      // Inference-Header-Content-Length, as it came
  std::string content_encoding;
  std::optional<std::chrono::seconds> retry_after;  // Retry-After in seconds
  std::vector<std::uint8_t> body;

  std::string_view text() const { return {reinterpret_cast<const char*>(body.data()), body.size()}; }
};

/// The value of Retry-After, if it is a number of seconds; a day at most.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text);

/// The error that an answer with a status of 400 or more is. Its code and reason are those of the server where the body
/// is gantry's {"error": text, "reason": word}; otherwise the code follows from the status.
Error error_of(const HttpAnswer& answer);

/// True if the reason says that the request was not computed.
bool was_not_computed(const Error& error);

}  // namespace gantry::inline GANTRY_ABI::remote

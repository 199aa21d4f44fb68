// SPDX-License-Identifier: Apache-2.0
// Request and Response: one HTTP exchange, without the connection that it came over.
#pragma once

#include <cstdint>
#include <gantry/bytes.hpp>
#include <gantry/error.hpp>
#include <gantry/run_options.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "beast.hpp"
#include "trace/trace_context.hpp"

namespace gantry_server {

/// A request whose body has been read.
struct Request {
  http::verb method = http::verb::unknown;
  std::string path;   ///< without the query; percent-escapes decoded
  std::string query;  ///< behind '?', as it came
  http::fields headers;
  gantry::Bytes body;
  /// Cancelled when the client closes the connection before it has its answer.
  gantry::CancelToken cancel = gantry::CancelToken::create();
  std::string client;                 ///< the peer's address, for logs
  std::string tenant;                 ///< of its API key; empty: the header X-Tenant says it
  std::optional<TraceContext> trace;  ///< of its span; nullopt: the server makes none

  /// A header's value, "" if absent.
  std::string_view header(std::string_view name) const {
    const auto value = headers[beast::string_view(name.data(), name.size())];
    return {value.data(), value.size()};
  }
};

/// An answer. The body is in several pieces, so that a tensor is sent from where the engine wrote it.
struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<gantry::Bytes> body;
  /// Whether it may be compressed for a client that accepts it. Only what models answer, and pages, may: Triton's
  /// asyncio client accepts compressed descriptions and errors, but does not decompress them.
  bool may_be_compressed = false;

  // For the access log.
  std::string model;
  std::string version;
  std::string reason;  ///< of an error: its ErrorReason, else its ErrorCode

  std::size_t body_size() const {
    std::size_t size = 0;
    for (const gantry::Bytes& piece : body) size += piece.size();
    return size;
  }
};

/// 200 with JSON text.
Response json_response(std::string json);
/// The same, which may be compressed.
Response compressible_json(std::string json);
/// {"error": text, "reason": ...} with http_status(error) and Retry-After.
Response error_response(const gantry::Error& error);
/// The same with a status that no gantry::Error has: 404 for a path, 405, 431, ...
Response error_response(unsigned status, std::string_view text);

}  // namespace gantry_server

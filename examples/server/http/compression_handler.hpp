// SPDX-License-Identifier: Apache-2.0
// CompressionHandler: compressed bodies, in front of a handler that knows plain ones.
#pragma once

#include <memory>

#include "beast.hpp"
#include "body_pool.hpp"
#include "content_coding.hpp"
#include "handler.hpp"
#include "http_options.hpp"

namespace gantry_server {

/// A request with Content-Encoding gzip or deflate reaches the next handler plain and without that header; any other
/// coding gets 415. A request's plain body counts against HttpOptions::max_body_bytes and, beside the compressed one,
/// against the pool. An answer is compressed if it may be, if the client accepts it (Accept-Encoding), if it
/// has `compress_from_bytes` or more, and if that makes it shorter. Headers that count bytes, as
/// Inference-Header-Content-Length does, count plain ones.
///
/// Threads: thread-safe. zlib runs on threads of its own, `threads` of them, not on the I/O threads. All requests must
///          have been answered before it is destroyed.
class CompressionHandler final : public Handler {
 public:
  CompressionHandler(std::shared_ptr<const Handler> next, const HttpOptions& options, const BodyPool& bodies,
                     int threads);

  std::optional<Response> refuse(Request& head) const override;
  void handle(const std::shared_ptr<const Request>& request, Respond respond) const override;

 private:
  /// `respond`, behind the compression that the request accepts.
  Respond compressing(const Request& request, Respond respond) const;

  const std::shared_ptr<const Handler> next_;
  const HttpOptions options_;
  mutable BodyPool bodies_;
  mutable asio::thread_pool threads_;
};

}  // namespace gantry_server

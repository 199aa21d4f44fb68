// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 connection: reads a request, has it answered, writes the answer, and begins again.
//
// While a request runs, the server watches the socket to see whether the client has gone, and then cancels the request.
// A client that closes its sending side counts as gone. A client that sends its next request before it has the answer
// (pipelining) gets this one answered with "Connection: close".
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "body_pool.hpp"
#include "handler.hpp"
#include "http_options.hpp"
#include "message.hpp"
#include "stream.hpp"

namespace gantry_server {

/// What the connections of a server share.
struct ConnectionContext {
  explicit ConnectionContext(const HttpOptions& o) : options(o), bodies(o.max_bytes_in_flight) {}

  const HttpOptions options;
  std::shared_ptr<const Handler> handler;
  std::shared_ptr<TlsContext> tls;  ///< for TCP; nullptr: without TLS
  /// Called after each answer, on the I/O thread, with the time at which the request's headers were complete.
  std::function<void(const Request&, const Response&, std::chrono::steady_clock::time_point)> log;
  /// Told what a person should know, on the I/O thread.
  std::function<void(const std::string&)> say = [](const std::string&) {};
  BodyPool bodies;                          ///< also counts the answers that are being sent
  std::atomic<std::size_t> connections{0};  ///< open now
  std::atomic<std::size_t> requests{0};     ///< received and not answered
  /// True while the server drains: each answer is its connection's last one.
  std::atomic<bool> is_draining{false};
};

/// Serves `socket` until it is closed. `client`: the peer's address, for logs. `tls`: nullptr for a connection without
/// it.
asio::awaitable<void> serve_connection(Socket socket, std::string client, std::shared_ptr<TlsContext> tls,
                                       std::shared_ptr<ConnectionContext> context);

}  // namespace gantry_server

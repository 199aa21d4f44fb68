// SPDX-License-Identifier: Apache-2.0
// HttpServer: listens on TCP and Unix sockets, and owns the I/O threads.
#pragma once

#include <chrono>
#include <gantry/result.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "connection.hpp"

namespace gantry_server {

/// Threads: one thread uses it; requests are handled on its I/O threads.
class HttpServer {
 public:
  HttpServer(std::shared_ptr<ConnectionContext> context, int io_threads);
  /// As stop().
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;

  /// "host:port", "[::1]:port", ":port" for all addresses, port 0 for any free one; or "unix:/path", where a socket
  /// that nobody listens on is replaced. Returns the address in use, with the port. invalid_argument;
  /// failed_precondition with the system's reason.
  gantry::Result<std::string> listen(const std::string& address);
  /// Begins to serve.
  void start();
  /// Accepts no more connections, and makes each answer its connection's last one.
  void stop_accepting();
  /// Requests that were received and not answered.
  std::size_t requests() const { return context_->requests; }
  /// Closes every connection, and joins the threads. The handler's requests must have been answered.
  void stop();

 private:
  struct Port;
  asio::awaitable<void> accept(std::shared_ptr<Port> port);
  void tell(const std::string& error);
  asio::io_context& next_context();

  std::shared_ptr<ConnectionContext> context_;
  std::vector<std::unique_ptr<asio::io_context>> io_;  // one for each thread, so that a connection needs no lock
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
  std::vector<std::shared_ptr<Port>> ports_;
  std::size_t next_ = 0;
  std::chrono::steady_clock::time_point told_{};  // of the first I/O thread
};

}  // namespace gantry_server

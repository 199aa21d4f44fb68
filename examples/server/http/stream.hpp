// SPDX-License-Identifier: Apache-2.0
// Stream: a connection's bytes, through TLS or as they are.
#pragma once

#include <memory>
#include <utility>

#include "tls_context.hpp"

#ifdef GANTRY_SERVER_TLS
#include <boost/asio/ssl/stream.hpp>
#endif

namespace gantry_server {

using Socket = asio::generic::stream_protocol::socket;

/// An AsyncReadStream and AsyncWriteStream. A cancelled operation of the socket ends with operation_aborted, as without
/// TLS.
///
/// Threads: the socket's executor.
class Stream {
 public:
  using executor_type = Socket::executor_type;

  /// `tls`: nullptr for a connection without it.
  Stream(Socket socket, const std::shared_ptr<TlsContext>& tls) : socket_(std::move(socket)) {
#ifdef GANTRY_SERVER_TLS
    if (!tls) return;
    context_ = tls->current().context;
    tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, *context_);
#else
    static_cast<void>(tls);
#endif
  }
  Stream(const Stream&) = delete;

  executor_type get_executor() {
    return socket_.get_executor();
  }
  Socket& socket() {
    return socket_;
  }

  /// Before the first byte. Nothing to do without TLS.
  asio::awaitable<boost::system::error_code> handshake() {
    boost::system::error_code error;
#ifdef GANTRY_SERVER_TLS
    if (tls_)
      co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
#endif
    co_return error;
  }
  /// Tells the client that nothing more comes.
  asio::awaitable<void> end_writing() {
    boost::system::error_code error;
#ifdef GANTRY_SERVER_TLS
    if (tls_) co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, error));
#endif
    socket_.shutdown(Socket::shutdown_send, error);
    co_return;
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto&& handler, const Buffers& into) {
#ifdef GANTRY_SERVER_TLS
          if (tls_) return tls_->async_read_some(into, std::forward<decltype(handler)>(handler));
#endif
          socket_.async_read_some(into, std::forward<decltype(handler)>(handler));
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto&& handler, const Buffers& from) {
#ifdef GANTRY_SERVER_TLS
          if (tls_) return tls_->async_write_some(from, std::forward<decltype(handler)>(handler));
#endif
          socket_.async_write_some(from, std::forward<decltype(handler)>(handler));
        },
        token, buffers);
  }

 private:
  Socket socket_;
#ifdef GANTRY_SERVER_TLS
  std::shared_ptr<asio::ssl::context> context_;  // outlives tls_
  std::unique_ptr<asio::ssl::stream<Socket&>> tls_;
#endif
};

}  // namespace gantry_server

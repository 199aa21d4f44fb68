// SPDX-License-Identifier: Apache-2.0
// ClientWatch: whether the client is still there while its request runs.
#pragma once

#include <poll.h>

#include <chrono>
#include <gantry/run_options.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "beast.hpp"
#include "stream.hpp"

namespace gantry_server {

/// Sees whether the client closes the connection, which cancels `cancel`, or sends more.
///
/// Threads: the socket's executor.
class ClientWatch : public std::enable_shared_from_this<ClientWatch> {
 public:
  explicit ClientWatch(gantry::CancelToken cancel) : cancel_(std::move(cancel)) {}

  void start(Socket& socket) {
    socket.async_wait(Socket::wait_read, [self = shared_from_this(), &socket](const boost::system::error_code& error) {
      if (!error && !self->is_over_) self->look(socket);
    });
  }
  void stop(Socket& socket) {
    is_over_ = true;
    boost::system::error_code ignored;
    socket.cancel(ignored);
    if (pause_) pause_->cancel();
  }
  bool is_gone() const { return is_gone_; }
  bool sent_more() const { return sent_more_; }

 private:
  /// What the client sent last, such as the farewell of TLS, does not hide that it has gone.
  void look(Socket& socket) {
    pollfd watched{socket.native_handle(), POLLIN | POLLRDHUP, 0};
    ::poll(&watched, 1, 0);
    if ((watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
      is_gone_ = true;
      cancel_.cancel();
    } else if ((watched.revents & POLLIN) != 0) {
      sent_more_ = true;
      look_later(socket);
    } else {
      start(socket);
    }
  }
  /// The socket stays readable, so that a wait for it would tell nothing.
  void look_later(Socket& socket) {
    if (!pause_) pause_.emplace(socket.get_executor());
    pause_->expires_after(std::chrono::milliseconds(50));
    pause_->async_wait([self = shared_from_this(), &socket](const boost::system::error_code& error) {
      if (!error && !self->is_over_) self->look(socket);
    });
  }

  gantry::CancelToken cancel_;
  std::optional<asio::steady_timer> pause_;
  bool is_over_ = false;
  bool is_gone_ = false;
  bool sent_more_ = false;
};

}  // namespace gantry_server

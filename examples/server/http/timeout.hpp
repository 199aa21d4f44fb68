// SPDX-License-Identifier: Apache-2.0
// Timeout: cancels the operations of a socket when they take too long, and leaves the socket open for an answer.
#pragma once

#include <chrono>
#include <memory>

#include "beast.hpp"

namespace gantry_server {

/// Threads: the socket's executor.
/// Cost:    one timer wait for a connection; a later time moves no timer, since the earlier one looks again.
class Timeout {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  explicit Timeout(Socket& socket) : state_(std::make_shared<State>(socket)) {}
  Timeout(const Timeout&) = delete;
  ~Timeout() {
    state_->socket = nullptr;
    state_->timer.cancel();
  }

  /// Counts anew for the operations that begin now.
  void set(std::chrono::milliseconds time) {
    State& state = *state_;
    state.has_passed = false;
    state.end = Clock::now() + time;
    if (!state.is_waiting || state.end < state.timer.expiry()) wait(state_);
  }
  void clear() {
    state_->has_passed = false;
    state_->end = Clock::time_point::max();
  }
  /// True if the last set() ran out: an operation that waits ends with operation_aborted. One that never waits, since
  /// the client sends all the time, does not: a loop of them asks this.
  bool has_passed() const { return state_->has_passed; }

 private:
  using Clock = std::chrono::steady_clock;
  struct State {
    explicit State(Socket& s) : socket(&s), timer(s.get_executor()) {}
    Socket* socket;
    asio::steady_timer timer;
    Clock::time_point end = Clock::time_point::max();
    bool is_waiting = false;
    bool has_passed = false;
  };

  static void wait(const std::shared_ptr<State>& state) {
    state->is_waiting = true;
    state->timer.expires_at(state->end);  // ends the wait before it, with an error
    state->timer.async_wait([state](const boost::system::error_code& error) {
      if (error || state->socket == nullptr) return;
      state->is_waiting = false;
      if (state->end == Clock::time_point::max()) return;
      if (Clock::now() < state->end) return wait(state);
      state->has_passed = true;
      boost::system::error_code ignored;
      state->socket->cancel(ignored);
      // What had completed, but was not resumed yet, was not cancelled: the operation after it is.
      state->end = Clock::now() + std::chrono::milliseconds(100);
      wait(state);
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace gantry_server

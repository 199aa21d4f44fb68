// SPDX-License-Identifier: Apache-2.0
// Signals: what ends the server, or has it open its log anew.
#pragma once

#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

#include "http/beast.hpp"

namespace gantry_server {

/// After begin_serving(), SIGHUP, SIGTERM and SIGINT are wait()'s. Before it SIGHUP is ignored; SIGTERM or SIGINT
/// before it, or after another one, ends the process at once.
class Signals {
 public:
  Signals() : set_(io_, SIGTERM, SIGINT, SIGHUP), thread_([this] { io_.run(); }) { listen(); }
  Signals(const Signals&) = delete;
  ~Signals() {
    io_.stop();
    thread_.join();
  }

  void begin_serving() {
    const std::lock_guard lock(mutex_);
    is_serving_ = true;
  }
  /// The next signal that came.
  int wait() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return !signals_.empty(); });
    const int signal = signals_.front();
    signals_.pop_front();
    return signal;
  }

 private:
  void listen() {
    set_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      take(signal);
      listen();
    });
  }
  void take(int signal) {
    const std::lock_guard lock(mutex_);
    if (!is_serving_ && signal == SIGHUP) return;
    if (!is_serving_) ::_exit(128 + signal);
    is_serving_ = signal == SIGHUP;
    signals_.push_back(signal);
    came_.notify_one();
  }

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::signal_set set_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<int> signals_;  // guarded by mutex_, as is_serving_
  bool is_serving_ = false;
  std::thread thread_;
};

}  // namespace gantry_server

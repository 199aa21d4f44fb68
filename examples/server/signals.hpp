// SPDX-License-Identifier: Apache-2.0
// Signals: what ends the server.
#pragma once

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <future>
#include <thread>

#include "http/beast.hpp"

namespace gantry_server {

/// SIGTERM and SIGINT: the first one after begin_serving() is wait()'s; any other ends the process at once.
class Signals {
 public:
  Signals() : set_(io_, SIGTERM, SIGINT), thread_([this] { io_.run(); }) { listen(); }
  Signals(const Signals&) = delete;
  ~Signals() {
    io_.stop();
    thread_.join();
  }

  void begin_serving() { is_serving_ = true; }
  int wait() { return first_.get_future().get(); }

 private:
  void listen() {
    set_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (!is_serving_.exchange(false)) ::_exit(128 + signal);
      first_.set_value(signal);
      listen();
    });
  }

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::signal_set set_;
  std::promise<int> first_;
  std::atomic<bool> is_serving_{false};
  std::thread thread_;
};

}  // namespace gantry_server

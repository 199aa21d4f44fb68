// SPDX-License-Identifier: Apache-2.0
// ModelServer: stands in for the other process: it computes 2 x + 1, and misbehaves according to a script.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

class ModelServer {
 public:
  /// `hangs_up`: whether to hang up instead of answering request `number`, counted from 0.
  ModelServer(std::string path, std::size_t width, std::function<bool(int number)> hangs_up)
      : path_(std::move(path)), width_(width), hangs_up_(std::move(hangs_up)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(listening_, 8))
      throw std::runtime_error("cannot listen at " + path_);
    thread_ = std::thread([this] { serve(); });
  }
  ~ModelServer() {
    release();
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      if (connection_ >= 0) ::shutdown(connection_, SHUT_RDWR);
    }
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
    ::unlink(path_.c_str());
  }

  /// Answers no request until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    is_holding_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_holding_ = false;
    changed_.notify_all();
  }
  /// Waits until a request is held.
  void wait_for_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_held_; });
  }
  /// The number of rows of each request so far.
  std::vector<std::uint32_t> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (int accepted = ::accept(listening_, nullptr, nullptr); accepted >= 0;
         accepted = ::accept(listening_, nullptr, nullptr)) {
      {
        const std::lock_guard lock(mutex_);
        connection_ = accepted;
        if (is_ending_) ::shutdown(accepted, SHUT_RDWR);
      }
      while (answer_one(accepted)) {
      }
      const std::lock_guard lock(mutex_);
      connection_ = -1;
      ::close(accepted);
    }
  }

  bool answer_one(int connection) {
    std::uint32_t rows = 0;
    if (::recv(connection, &rows, sizeof rows, MSG_WAITALL) != sizeof rows) return false;
    std::vector<float> values(rows * width_);
    const auto size = static_cast<ssize_t>(values.size() * sizeof(float));
    if (::recv(connection, values.data(), static_cast<std::size_t>(size), MSG_WAITALL) != size) return false;
    {
      std::unique_lock lock(mutex_);
      requests_.push_back(rows);
      is_held_ = is_holding_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !is_holding_; });
      is_held_ = false;
    }
    if (hangs_up_(number_++)) return false;
    for (float& value : values) value = 2 * value + 1;
    return ::send(connection, &rows, sizeof rows, MSG_NOSIGNAL) == sizeof rows &&
           ::send(connection, values.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
  }

  const std::string path_;
  const std::size_t width_;
  const std::function<bool(int)> hangs_up_;
  int listening_ = -1;
  int number_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint32_t> requests_;
  int connection_ = -1;
  bool is_holding_ = false;
  bool is_held_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

// SPDX-License-Identifier: Apache-2.0
// RemoteBackend: a model in another process, behind a Unix socket, with its own batches, one retry on a new connection,
// and health.
//
// Uses only the public header. It must call each `done` once. gantry handles deadlines, late answers, stats and the
// shutdown of the runtime (gantry/backend.hpp).
//
// The protocol: u32 rows, then rows * width f32. The answer has the same form.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <gantry/backend.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// x: f32[batch, width] -> y: f32[batch, width].
class RemoteBackend final : public gantry::Backend {
 public:
  struct Options {
    std::string path;
    std::size_t width = 1;
    std::size_t max_rows = 8;                    ///< in a batch, before it takes no further call
    int attempts = 3;                            ///< to connect, before the waiting calls are answered `unavailable`
    std::chrono::milliseconds first_backoff{1};  ///< between attempts, doubled each time
  };

  explicit RemoteBackend(Options options) : options_(std::move(options)), thread_([this] { work(); }) {}
  ~RemoteBackend() override { shutdown(); }

  const gantry::EngineInfo& info() const override { return info_; }

  void submit(gantry::Tensors inputs, const gantry::EngineCall& call, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      if (!is_ending_) {
        const auto rows = static_cast<std::size_t>(inputs[0].tensor.shape()[0]);
        waiting_.push_back({std::move(inputs), call, std::move(done), rows});
      }
    }
    if (done) return done(unavailable("the connection was closed"));  // the call was not accepted
    changed_.notify_all();
  }

  std::optional<gantry::BackendStats> stats() const override {
    const std::lock_guard lock(mutex_);
    return gantry::BackendStats{batches_, retries_, waiting_.size(), is_busy_ ? 1u : 0u, 1};
  }
  gantry::Health health() const override {
    const std::lock_guard lock(mutex_);
    return problem_.empty() ? gantry::Health{} : gantry::Health{false, {problem_}};
  }
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(is_ending_, true) && !thread_.joinable()) return;
      if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);  // a blocked read returns with an error
    }
    changed_.notify_all();
    thread_.join();
  }

  int connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

 private:
  struct Call {
    gantry::Tensors inputs;
    gantry::EngineCall call;
    Done done;
    std::size_t rows;
  };
  using Batch = std::vector<Call>;

  static gantry::EngineInfo about() {
    gantry::EngineInfo info;
    info.kind = "remote";
    info.description = "a model behind a Unix socket";
    return info;
  }
  static gantry::Error unavailable(const std::string& why) { return {gantry::ErrorCode::kUnavailable, why}; }

  void work() {
    for (Batch batch = next_batch(); !batch.empty(); batch = next_batch()) {
      std::vector<float> rows;
      for (Call& call : batch) {
        const auto values = call.inputs[0].tensor.values<float>().value();
        rows.insert(rows.end(), values.begin(), values.end());
      }
      bool is_computed = compute(rows);
      if (!is_computed) {  // retry on a new connection: computing twice is harmless
        close_connection();
        count_retry();
        is_computed = compute(rows);
      }
      if (!is_computed) close_connection();
      answer(std::move(batch), rows, is_computed);
    }
    close_connection();
  }

  /// Waits for calls, and returns the waiting ones as a batch. Empty: the end; all calls have been answered.
  Batch next_batch() {
    std::unique_lock lock(mutex_);
    is_busy_ = false;
    changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    Batch batch, refused;
    std::size_t rows = 0;
    while (!waiting_.empty() && (is_ending_ || rows < options_.max_rows)) {
      Call call = std::move(waiting_.front());
      waiting_.pop_front();
      const bool is_refused = is_ending_ || call.call.interruption();  // nobody waits for it
      if (!is_refused) rows += call.rows;
      (is_refused ? refused : batch).push_back(std::move(call));
    }
    is_busy_ = !batch.empty();
    const bool is_over = is_ending_;
    lock.unlock();
    for (Call& call : refused) call.done(call.call.interruption().value_or(unavailable("the connection was closed")));
    return batch.empty() && !is_over ? next_batch() : std::move(batch);
  }

  void answer(Batch batch, const std::vector<float>& rows, bool is_computed) {
    const float* at = rows.data();
    for (Call& call : batch) {
      const std::size_t count = call.rows * options_.width;
      if (is_computed) {
        auto y = gantry::Tensor::from(gantry::Span<const float>(at, count), call.inputs[0].tensor.shape());
        call.done(y ? gantry::Result<gantry::Tensors>(gantry::Tensors{{"y", *std::move(y)}}) : y.error());
      } else {
        call.done(unavailable("no answer from '" + options_.path + "'"));
      }
      at += count;
    }
  }

  /// Exchanges one request; `rows` become the answer. False: the connection is unusable.
  bool compute(std::vector<float>& rows) {
    if (!connect()) return false;
    const auto count = static_cast<std::uint32_t>(rows.size() / options_.width);
    std::uint32_t echoed = 0;
    std::vector<float> answers(rows.size());
    if (!send_all(&count, sizeof count) || !send_all(rows.data(), rows.size() * sizeof(float)) ||
        !receive_all(&echoed, sizeof echoed) || echoed != count ||
        !receive_all(answers.data(), answers.size() * sizeof(float)))
      return false;
    rows = std::move(answers);
    const std::lock_guard lock(mutex_);
    ++batches_;
    problem_.clear();
    return true;
  }

  /// Tries with growing pauses; a shutdown ends them.
  bool connect() {
    auto pause = options_.first_backoff;
    for (int attempt = 0; attempt < options_.attempts; ++attempt, pause *= 2) {
      std::unique_lock lock(mutex_);
      if (is_ending_) return false;
      if (socket_ >= 0) return true;
      if (open_connection()) return true;
      problem_ = "no connection to '" + options_.path + "': " + std::strerror(errno);
      changed_.wait_for(lock, pause, [this] { return is_ending_; });
    }
    return false;
  }

  /// Requires the lock.
  bool open_connection() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) return false;
    if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      const int why = errno;
      ::close(made);
      errno = why;
      return false;
    }
    socket_ = made;
    ++connections_;
    return true;
  }

  void close_connection() {
    const std::lock_guard lock(mutex_);
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

  void count_retry() {
    const std::lock_guard lock(mutex_);
    ++retries_;
  }

  bool send_all(const void* data, std::size_t size) {
    for (const char* at = static_cast<const char*>(data); size > 0;) {
      const ssize_t sent = ::send(socket_, at, size, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += sent;
      size -= static_cast<std::size_t>(sent);
    }
    return true;
  }

  bool receive_all(void* data, std::size_t size) {
    for (char* at = static_cast<char*>(data); size > 0;) {
      const ssize_t got = ::recv(socket_, at, size, 0);
      if (got <= 0) return false;
      at += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }

  const Options options_;
  const gantry::EngineInfo info_ = about();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> waiting_;
  std::string problem_;  // why there is no connection
  int socket_ = -1;      // opened and closed only by the thread, under the lock
  int connections_ = 0;
  std::uint64_t batches_ = 0;
  std::uint64_t retries_ = 0;
  bool is_busy_ = false;
  bool is_ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

// SPDX-License-Identifier: Apache-2.0
// AccessLog: one JSON line for each request, written by a thread of its own.
//
// A log that is slow, full or gone never holds a request up: beyond 10,000 waiting lines, and while writing fails,
// lines are dropped, and the next line that is written says how many. What rotates logs renames the file, and then has
// it opened anew.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <gantry/result.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "http/message.hpp"
#include "trace/trace_context.hpp"

namespace gantry_server {

/// What a line says of a request; what is empty is left out.
struct AccessLine {
  std::string_view client;
  std::string_view method;
  std::string_view path;
  unsigned status = 200;         ///< HTTP's, also of a gRPC call
  std::string_view grpc_status;  ///< of a gRPC call: "UNAVAILABLE"
  int grpc_code = 0;             ///< its number
  std::chrono::steady_clock::time_point began{};
  std::chrono::nanoseconds time{0};
  std::size_t bytes_in = 0;
  std::size_t bytes_out = 0;
  std::string_view model;
  std::string_view version;
  std::string_view reason;
  std::string_view tenant;
  std::string_view user_agent;          ///< not in the log
  std::string_view trace_parent;        ///< as it came
  const TraceContext* trace = nullptr;  ///< of the request's own span; nullptr: there is none
};

/// What there is to say of a request of HTTP that ends now; valid as long as both are. `began`: its headers were
/// complete.
AccessLine line_of(const Request& request, const Response& response, std::chrono::steady_clock::time_point began);

/// Threads: thread-safe.
class AccessLog {
 public:
  using Say = std::function<void(const std::string&)>;

  /// `target`: "stderr", "stdout" or a file, which is appended to. failed_precondition if it cannot be opened. `say` is
  /// told, on a thread of the log, when writing begins to fail and when it works again.
  static gantry::Result<std::unique_ptr<AccessLog>> open(const std::string& target, Say say);
  /// Writes what waits; gives up once nobody reads for a second.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;

  void write(const AccessLine& line);
  /// Goes on in the file that has the target's name now, which is made if there is none. Lines that wait already may
  /// still go to the old one. Nothing to do for stdout and stderr.
  void reopen();

 private:
  AccessLog(int descriptor, std::string path, Say say);
  void work();
  void write_lines(const std::deque<std::string>& lines, std::size_t dropped);
  void open_anew();

  const std::string path_;  // empty: stdout or stderr
  const Say say_;
  int descriptor_;  // of the thread, as the next two
  bool is_failing_ = false;
  bool is_torn_ = false;  // the last line is there in part
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;  // guarded by mutex_, as the next two
  std::size_t dropped_ = 0;
  bool is_to_reopen_ = false;
  std::atomic<bool> is_over_{false};  // set under mutex_
  std::thread thread_;
};

}  // namespace gantry_server

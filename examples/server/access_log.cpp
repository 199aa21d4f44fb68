// SPDX-License-Identifier: Apache-2.0
#include "access_log.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <gantry/json_writer.hpp>
#include <utility>

namespace gantry_server {
namespace {

constexpr std::size_t kMostLines = 10'000;

/// "2026-11-30T12:00:00.123Z".
std::string time_text() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const std::string fraction = std::to_string(1000 + ms);
  return std::string(text.data()) + "." + fraction.substr(1) + "Z";
}

/// False if it could not be written; or if nobody reads for a second while `is_over`. A pipe takes PIPE_BUF bytes
/// without blocking when poll() says so.
bool write_all(int descriptor, const std::string& text, const std::atomic<bool>& is_over) {
  std::size_t written = 0;
  while (written < text.size()) {
    pollfd ready{descriptor, POLLOUT, 0};
    const int polled = ::poll(&ready, 1, 1000);
    if (polled == 0 && is_over) return false;
    if (polled == 0 || (polled < 0 && errno == EINTR)) continue;
    const auto size =
        ::write(descriptor, text.data() + written, std::min<std::size_t>(text.size() - written, PIPE_BUF));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    written += static_cast<std::size_t>(size);
  }
  return true;
}

}  // namespace

gantry::Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& target) {
  if (target == "stdout") return std::unique_ptr<AccessLog>(new AccessLog(STDOUT_FILENO, false));
  if (target == "stderr") return std::unique_ptr<AccessLog>(new AccessLog(STDERR_FILENO, false));
  const int descriptor = ::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (descriptor < 0)
    return gantry::Error(gantry::ErrorCode::kFailedPrecondition,
                         "log.access: cannot open '" + target + "': " + std::strerror(errno));
  return std::unique_ptr<AccessLog>(new AccessLog(descriptor, true));
}

AccessLog::AccessLog(int descriptor, bool is_owned)
    : descriptor_(descriptor), is_owned_(is_owned), thread_([this] { work(); }) {}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
  if (is_owned_) ::close(descriptor_);
}

AccessLine line_of(const Request& request, const Response& response, std::chrono::steady_clock::time_point began) {
  const auto method = http::to_string(request.method);
  AccessLine line;
  line.client = request.client;
  line.method = {method.data(), method.size()};
  line.path = request.path;
  line.status = response.status;
  line.began = began;
  line.time = std::chrono::steady_clock::now() - began;
  line.bytes_in = request.body.size();
  line.bytes_out = response.body_size();
  line.model = response.model;
  line.version = response.version;
  line.reason = response.reason;
  line.tenant = request.tenant.empty() ? request.header("X-Tenant") : request.tenant;
  line.user_agent = request.header("User-Agent");
  line.trace_parent = request.header("traceparent");
  if (request.trace) line.trace = &*request.trace;
  return line;
}

void AccessLog::write(const AccessLine& of) {
  gantry::JsonWriter json;
  json.begin_object().field("time", time_text()).field("client", of.client);
  json.field("method", of.method).field("path", of.path).field("status", of.status);
  if (!of.grpc_status.empty()) json.field("grpc_status", of.grpc_status);
  json.field("ms", static_cast<double>(of.time.count() / 1000) / 1000);
  json.field("bytes_in", of.bytes_in).field("bytes_out", of.bytes_out);
  if (!of.model.empty()) json.field("model", of.model).field("version", of.version);
  if (!of.reason.empty()) json.field("reason", of.reason);
  if (!of.tenant.empty()) json.field("tenant", of.tenant);
  if (!of.trace_parent.empty()) json.field("traceparent", of.trace_parent);
  if (of.trace) json.field("trace_id", trace_id_text(*of.trace)).field("span_id", span_id_text(*of.trace));
  json.end_object();
  std::string line = json.finish().value() + "\n";
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= kMostLines) {
      ++dropped_;
      return;
    }
    lines_.push_back(std::move(line));
    if (lines_.size() > 1) return;  // the thread is awake
  }
  changed_.notify_one();
}

void AccessLog::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_over_ || !lines_.empty(); });
    if (lines_.empty()) return;
    std::deque<std::string> lines = std::exchange(lines_, {});
    const std::size_t dropped = std::exchange(dropped_, 0);
    lock.unlock();
    std::string text;
    if (dropped > 0) text = "{\"time\":\"" + time_text() + "\",\"dropped_lines\":" + std::to_string(dropped) + "}\n";
    for (const std::string& line : lines) text += line;
    const bool is_written = write_all(descriptor_, text, is_over_);
    lock.lock();
    if (!is_written) dropped_ += dropped + lines.size();
    if (!is_written && is_over_) return;
  }
}

}  // namespace gantry_server

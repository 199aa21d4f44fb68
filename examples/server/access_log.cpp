// SPDX-License-Identifier: Apache-2.0
#include "access_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <gantry/json_writer.hpp>
#include <utility>

#include "bounded_write.hpp"

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

int open_file(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

}  // namespace

gantry::Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& target, Say say) {
  if (target == "stdout") return std::unique_ptr<AccessLog>(new AccessLog(STDOUT_FILENO, "", std::move(say)));
  if (target == "stderr") return std::unique_ptr<AccessLog>(new AccessLog(STDERR_FILENO, "", std::move(say)));
  const int descriptor = open_file(target);
  if (descriptor < 0)
    return gantry::Error(gantry::ErrorCode::kFailedPrecondition,
                         "log.access: cannot open '" + target + "': " + std::strerror(errno));
  return std::unique_ptr<AccessLog>(new AccessLog(descriptor, target, std::move(say)));
}

AccessLog::AccessLog(int descriptor, std::string path, Say say)
    : path_(std::move(path)), say_(std::move(say)), descriptor_(descriptor), thread_([this] { work(); }) {}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
  if (!path_.empty()) ::close(descriptor_);
}

void AccessLog::reopen() {
  {
    const std::lock_guard lock(mutex_);
    is_to_reopen_ = !path_.empty();
  }
  changed_.notify_one();
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
    changed_.wait(lock, [this] { return is_over_ || is_to_reopen_ || !lines_.empty(); });
    const bool is_to_reopen = std::exchange(is_to_reopen_, false);
    if (lines_.empty() && !is_to_reopen) return;
    const std::deque<std::string> lines = std::exchange(lines_, {});
    const std::size_t dropped = lines.empty() ? 0 : std::exchange(dropped_, 0);
    lock.unlock();
    if (is_to_reopen) open_anew();
    if (!lines.empty()) write_lines(lines, dropped);
    lock.lock();
    if (is_failing_ && is_over_) return;
  }
}

void AccessLog::write_lines(const std::deque<std::string>& lines, std::size_t dropped) {
  std::string text;
  if (is_torn_) text = "\n";
  if (dropped > 0) text += "{\"time\":\"" + time_text() + "\",\"dropped_lines\":" + std::to_string(dropped) + "}\n";
  const std::size_t begin = text.size();
  for (const std::string& line : lines) text += line;
  const Written written =
      bounded_write(descriptor_, text, std::chrono::seconds(1), [this] { return !is_over_.load(); });
  if (written.bytes > 0) is_torn_ = text[written.bytes - 1] != '\n';
  if (written.bytes < text.size()) {
    const std::size_t from = std::max(begin, written.bytes);
    auto lost =
        static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), '\n'));
    if (written.bytes < begin) lost += dropped;
    const std::lock_guard lock(mutex_);
    dropped_ += lost;
  }
  const bool was_failing = std::exchange(is_failing_, written.bytes < text.size());
  if (is_failing_ && !was_failing)
    say_("log.access: cannot write" + (written.error ? std::string(": ") + std::strerror(written.error) : "") +
         "; lines are dropped and counted until it works again");
  if (!is_failing_ && was_failing) say_("log.access: it works again");
}

void AccessLog::open_anew() {
  const int descriptor = open_file(path_);
  if (descriptor < 0)
    return say_("log.access: cannot open '" + path_ + "' anew: " + std::strerror(errno) +
                "; the old file stays in use");
  ::close(std::exchange(descriptor_, descriptor));
  is_torn_ = false;
  say_("log.access: opened '" + path_ + "' anew");
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "cli/printable.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

std::string progress_text(std::size_t done, std::size_t all, std::size_t failed, std::chrono::nanoseconds elapsed) {
  const double seconds = seconds_of(elapsed);
  std::string text = "  " + std::to_string(done) + "/" + std::to_string(all);
  if (seconds > 0 && done > 0) text += "  " + number_text(static_cast<double>(done) / seconds) + "/s";
  return text + (failed > 0 ? "  " + std::to_string(failed) + " failed" : "");
}

Progress::Progress(bool forced)
    : is_terminal_(::isatty(STDERR_FILENO) == 1), is_shown_(forced || (is_terminal_ && ::isatty(STDOUT_FILENO) == 0)) {}

void Progress::update(const std::string& text) {
  const auto now = Clock::now();
  if (!is_shown_ || now < next_) return;
  next_ = now + (is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(5000));
  write(text);
}

void Progress::finish(const std::string& text) {
  if (!is_shown_) return;
  write(text);
  if (is_terminal_) std::fputc('\n', stderr);
  is_line_begun_ = false;
}

void Progress::clear() {
  if (!is_line_begun_) return;
  std::fputs(kEraseLine, stderr);
  std::fflush(stderr);
  is_line_begun_ = false;
}

void Progress::write(const std::string& text) {
  if (is_terminal_)
    std::fprintf(stderr, "%s%s", kEraseLine, printable(text).c_str());
  else
    std::fprintf(stderr, "%s\n", printable(text).c_str());
  std::fflush(stderr);
  is_line_begun_ = is_terminal_;
}

}  // namespace gantry::inline GANTRY_ABI::cli

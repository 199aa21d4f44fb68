// SPDX-License-Identifier: Apache-2.0
// Progress: one line on stderr with a command's progress.
#pragma once

#include <chrono>
#include <cstddef>
#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// "  312/1000  45/s  7 failed": done of all, rate, failures.
std::string progress_text(std::size_t done, std::size_t all, std::size_t failed, std::chrono::nanoseconds elapsed);

/// On a terminal the line is overwritten; elsewhere each update is a new line, so there are few.
///
/// Ownership: none.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      a write at most every 0.2 s on a terminal, every 5 s elsewhere.
class Progress {
 public:
  /// Shown if stderr is a terminal and stdout is not, since stdout would mix with it; with `forced` always.
  explicit Progress(bool forced);
  /// Removes the line from the terminal.
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool is_shown() const { return is_shown_; }
  /// Shows the text, unless another one was shown a moment ago.
  void update(const std::string& text);
  /// Shows the text, which stays.
  void finish(const std::string& text);
  /// Clears the terminal's line, before something else is written to it.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void write(const std::string& text);

  bool is_terminal_ = false;
  bool is_shown_ = false;
  bool is_line_begun_ = false;
  Clock::time_point next_ = Clock::now();
};

}  // namespace gantry::inline GANTRY_ABI::cli

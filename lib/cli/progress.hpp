// SPDX-License-Identifier: Apache-2.0
// Progress: one line on stderr that says how far a command is.
#pragma once

#include <chrono>
#include <cstddef>
#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// "  312/1000  45/s  7 failed": what is done of all, how fast, and what failed.
std::string progress_text(std::size_t done, std::size_t all, std::size_t failed, std::chrono::nanoseconds elapsed);

/// On a terminal the line is written over; elsewhere each is a line of its own, so few are written.
///
/// Ownership: none.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      a write at most every 0.2 s on a terminal, every 5 s elsewhere.
class Progress {
 public:
  /// Shows itself where stderr is a terminal and stdout, which would mix with it, is none; with `forced` always.
  explicit Progress(bool forced);
  /// Removes what is on the terminal.
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool is_shown() const { return is_shown_; }
  /// Shows the text, unless another was shown a moment ago.
  void update(const std::string& text);
  /// Shows the text; it stays.
  void finish(const std::string& text);
  /// Makes the terminal's line empty, before something else is written to it.
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

// SPDX-License-Identifier: Apache-2.0
// CallLog: collects what ExecuTorch logs on this thread. Its error codes say little; the log lines contain the reason.
#pragma once

#include <executorch/runtime/core/error.h>

#include <gantry/error.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::executorch {

/// Collects error lines of the thread that constructed it, until it is destroyed. May be nested.
///
/// Ownership: owns the lines.
/// Threads:   one thread.
/// Errors:    a line is dropped if there is no memory for it.
/// Cost:      nothing unless something is logged.
class CallLog {
 public:
  CallLog();
  ~CallLog();
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;

  /// All lines, joined by "; "; the name of the error code if there are none.
  std::string reason(::executorch::runtime::Error error) const;
  /// "<what>: <reason>". resource_exhausted if ExecuTorch ran out of memory, else `otherwise`.
  Error error(::executorch::runtime::Error error, ErrorCode otherwise, std::string_view what) const;
  void clear() { lines_.clear(); }

  /// Adds a line to the innermost log of this thread, if there is one.
  static void add(std::string_view line) noexcept;

 private:
  CallLog* const outer_;
  std::vector<std::string> lines_;
};

}  // namespace gantry::inline GANTRY_ABI::executorch

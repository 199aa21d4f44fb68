// SPDX-License-Identifier: Apache-2.0
// CallLog: what ExecuTorch logs on this thread in the meantime. Its error codes say little, its log lines the reason.
#pragma once

#include <executorch/runtime/core/error.h>

#include <gantry/error.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::executorch {

/// Collects error lines of the thread that made it, from then until it is destroyed. Nests.
///
/// Ownership: owns the lines.
/// Threads:   one thread.
/// Errors:    without memory for it, a line is left out.
/// Cost:      nothing unless something is logged.
class CallLog {
 public:
  CallLog();
  ~CallLog();
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;

  /// All lines, with "; " between, or the code's name where there is none.
  std::string reason(::executorch::runtime::Error error) const;
  /// "<what>: <reason>". resource_exhausted if ExecuTorch got no memory, else `otherwise`.
  Error error(::executorch::runtime::Error error, ErrorCode otherwise, std::string_view what) const;
  void clear() { lines_.clear(); }

  /// Adds a line to the innermost log of this thread, if there is one.
  static void add(std::string_view line) noexcept;

 private:
  CallLog* const outer_;
  std::vector<std::string> lines_;
};

}  // namespace gantry::inline GANTRY_ABI::executorch

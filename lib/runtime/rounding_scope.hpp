// SPDX-License-Identifier: Apache-2.0
// RoundingScope: round to nearest on a thread of the host's, whatever it had set, and put it back.
#pragma once

#include <cfenv>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: one thread.
/// Cost:    a few nanoseconds where the mode is round to nearest already.
class RoundingScope {
 public:
  RoundingScope() : before_(std::fegetround()) {
    if (before_ != FE_TONEAREST) std::fesetround(FE_TONEAREST);
  }
  RoundingScope(const RoundingScope&) = delete;
  RoundingScope& operator=(const RoundingScope&) = delete;
  ~RoundingScope() {
    if (before_ != FE_TONEAREST) std::fesetround(before_);
  }

 private:
  int before_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// RoundingScope: sets a host thread to round to nearest, and restores its own rounding mode on destruction.
#pragma once

#include <cfenv>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: one thread.
/// Cost:    a few nanoseconds if the mode is already round to nearest.
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

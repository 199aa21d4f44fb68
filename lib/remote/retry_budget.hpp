// SPDX-License-Identifier: Apache-2.0
// RetryBudget: how many calls may be repeated, so that retries do not multiply the load of servers in trouble. A token
// bucket: each call adds a part of a token, each retry takes one. Pure.
#pragma once

#include <algorithm>

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::remote {

/// Threads: one thread.
class RetryBudget {
 public:
  /// Begins with `burst` tokens, which are also the most that it holds.
  RetryBudget(double ratio, double burst) : ratio_(ratio), burst_(burst), tokens_(burst) {}

  void count_call() { tokens_ = std::min(burst_, tokens_ + ratio_); }
  bool try_take() {
    // A tenth added ten times is a little less than one.
    if (tokens_ < 1 - 1e-9) return false;
    tokens_ = std::max(0.0, tokens_ - 1);
    return true;
  }

 private:
  double ratio_;
  double burst_;
  double tokens_;
};

}  // namespace gantry::inline GANTRY_ABI::remote

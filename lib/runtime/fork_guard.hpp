// SPDX-License-Identifier: Apache-2.0
// ForkGuard: tells whether this process is a child forked after the guard was constructed. In such a child the worker
// threads do not exist, and a lock that one of them held stays locked for ever.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Threads: immutable.
class ForkGuard {
 public:
  ForkGuard();
  bool is_of_parent_process() const noexcept;

 private:
  unsigned generation_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

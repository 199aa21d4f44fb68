// SPDX-License-Identifier: Apache-2.0
// ForkGuard: tells whether this process is a child that fork() made after the guard. Threads stay in the parent, and so
// does whoever holds a lock.
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

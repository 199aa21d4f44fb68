// SPDX-License-Identifier: Apache-2.0
// CallWatch: checks a call's deadline from time to time, where a check at every step would cost more than the step.
#pragma once

#include <cstddef>
#include <gantry/call_context.hpp>
#include <gantry/error.hpp>
#include <optional>

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows the call.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      an addition; the time is read for every 256 KiB of work.
class CallWatch {
 public:
  /// `call` may be nullptr: is_over() is then always false.
  explicit CallWatch(const CallContext* call) : call_(call) {}

  /// Counts `work`, in bytes copied or an equivalent. True once the call was seen to be cancelled or past its deadline.
  bool is_over(std::size_t work) {
    work_ += work;
    if (call_ == nullptr || work_ < kWorkBetweenLooks || is_over_) return is_over_;
    work_ = 0;
    is_over_ = call_->is_interrupted();
    return is_over_;
  }
  /// Only after is_over() gave true.
  Error interruption() const { return *call_->interruption(); }

 private:
  static constexpr std::size_t kWorkBetweenLooks = std::size_t{256} << 10;

  const CallContext* call_;
  std::size_t work_ = 0;
  bool is_over_ = false;
};

/// The work of inflating a byte. Blocks that hold nothing but the description of their codes cost the most.
inline constexpr std::size_t kInflateWork = 8;
/// The work of searching a byte of a JPEG for a marker.
inline constexpr std::size_t kSearchWork = 4;

}  // namespace gantry::inline GANTRY_ABI::detail

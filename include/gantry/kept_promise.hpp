// SPDX-License-Identifier: Apache-2.0
// KeptPromise: a std::promise that always gets a value. A dropped std::promise ends the process if memory is short: the
// standard library then allocates a string in a destructor.
#pragma once

#include <future>
#include <utility>

#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

/// Ownership: shares its state with the future.
/// Threads:   one thread at a time.
/// Errors:    std::bad_alloc on construction. If dropped without a value, its future gets Error::out_of_memory().
/// Cost:      that of std::promise.
template <class T>
class KeptPromise {
 public:
  KeptPromise() = default;
  KeptPromise(KeptPromise&& other) noexcept
      : promise_(std::move(other.promise_)), is_open_(std::exchange(other.is_open_, false)) {}
  KeptPromise& operator=(KeptPromise&&) = delete;
  ~KeptPromise() {
    if (is_open_) promise_.set_value(Error::out_of_memory());
  }

  std::future<Result<T>> get_future() { return promise_.get_future(); }
  void set_value(Result<T> result) {
    is_open_ = false;
    promise_.set_value(std::move(result));
  }

 private:
  std::promise<Result<T>> promise_;
  bool is_open_ = true;
};

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry

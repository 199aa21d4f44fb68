// SPDX-License-Identifier: Apache-2.0
#include <gantry/time_source.hpp>
#include <new>

namespace gantry::inline GANTRY_ABI {
namespace {

class SteadyTime final : public TimeSource {
 public:
  Time now() const noexcept override { return std::chrono::steady_clock::now(); }
  void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Time when) const override {
    condition.wait_until(lock, when);
  }
};

}  // namespace

TimeSource::~TimeSource() = default;

const TimeSource& TimeSource::steady() noexcept {
  // Never destroyed: calls may still come while statics are destroyed.
  alignas(SteadyTime) static unsigned char storage[sizeof(SteadyTime)];
  static const auto* const steady = new (storage) SteadyTime;
  return *steady;
}

}  // namespace gantry::inline GANTRY_ABI

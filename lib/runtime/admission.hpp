// SPDX-License-Identifier: Apache-2.0
// Admission: the slot that one request in flight holds.
#pragma once

#include <gantry/version.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

/// What counts the requests in flight.
class AdmissionCounter {
 public:
  virtual void release_admission() noexcept = 0;

 protected:
  ~AdmissionCounter() = default;
};

/// Holds one of max_in_flight slots; releases it on destruction. The counter must outlive it.
///
/// Ownership: move-only; a default-constructed or moved-from object holds no slot.
/// Threads:   one thread at a time.
/// Errors:    none.
/// Cost:      an atomic subtraction.
class Admission {
 public:
  Admission() = default;
  explicit Admission(AdmissionCounter& counter) : counter_(&counter) {}
  Admission(Admission&& other) noexcept : counter_(std::exchange(other.counter_, nullptr)) {}
  Admission& operator=(Admission&& other) noexcept {
    std::swap(counter_, other.counter_);
    return *this;
  }
  ~Admission() { end(); }
  void end() {
    if (counter_) std::exchange(counter_, nullptr)->release_admission();
  }

 private:
  AdmissionCounter* counter_ = nullptr;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// BodyPool: memory for request bodies, bounded over all connections.
//
// A 600 KB body in fresh memory costs 150 page faults, which take longer than copying it from the socket. Buffers are
// kept for the next request, and a connection that waits for one holds none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace gantry_server {

/// Threads: thread-safe. Buffers return on the thread that releases them last, also after the pool was destroyed.
class BodyPool {
 public:
  using Buffer = std::shared_ptr<std::uint8_t>;

  /// `max_bytes`: of all bodies in use at one time. `kept_bytes`: of unused buffers that are kept.
  explicit BodyPool(std::size_t max_bytes, std::size_t kept_bytes = std::size_t{32} << 20);

  /// At least `size` bytes, uninitialised. nullptr if bodies in use would exceed `max_bytes`. std::bad_alloc.
  Buffer take(std::size_t size);
  /// Counts `size` bytes of a body that lies elsewhere, until the last copy of the result is gone. nullptr as above.
  std::shared_ptr<void> reserve(std::size_t size);
  std::size_t bytes_in_use() const;

 private:
  static constexpr std::size_t kSmallest = 4096;
  static constexpr std::size_t kClasses = 20;  // powers of two from 4 KiB to 2 GiB

  struct State {
    std::mutex mutex;
    std::size_t in_use = 0;
    std::size_t kept = 0;
    std::size_t max_bytes = 0;
    std::size_t max_kept = 0;
    std::array<std::vector<std::unique_ptr<std::uint8_t[]>>, kClasses> free;
  };
  static void give_back(State& state, std::uint8_t* buffer, std::size_t size_class) noexcept;

  std::shared_ptr<State> state_;
};

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// ActivationCache: keeps the large memory blocks of one engine instance from one run to the next.
//
// glibc returns a large block to the kernel when it is freed, and gets it again, page by page, for the next operation's
// output. For a convolutional network this can cost as much as the arithmetic.
//
// It keeps the blocks that the last 16 runs used. Batch sizes vary, and a cache that kept only the blocks of the last
// run would lose a full batch's memory with each small batch. It never keeps more than the limit, which suffices for a
// full batch of an image model (EfficientNet-lite0: 160 MB at a batch of 8).
#pragma once

#include <c10/core/Allocator.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gantry/libtorch.hpp>
#include <memory>

#include "core/mutex.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Ownership: shared by the engine instance and each block in use, so a block may be freed after the instance is
///            destroyed; it then returns to its source at once.
/// Threads:   thread-safe.
/// Errors:    take() throws what its source throws.
/// Cost:      taking or returning a block: two uncontended locks and a look-up.
class ActivationCache : public std::enable_shared_from_this<ActivationCache> {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kLimit = std::size_t{256} << 20;
  /// Smaller blocks are left to the heap, where glibc is fast and causes no page faults.
  static constexpr std::size_t kSmallest = std::size_t{64} << 10;
  static constexpr std::uint64_t kRunsKept = 16;

  /// Blocks come from `source`, which lives forever. `limit`: maximum number of unused bytes kept.
  ActivationCache(c10::Allocator& source, std::size_t limit);
  ~ActivationCache();
  ActivationCache(const ActivationCache&) = delete;
  ActivationCache& operator=(const ActivationCache&) = delete;

  void begin_run();
  /// Returns the blocks that the last runs did not use to the source.
  void end_run();

  /// A block of at least `bytes` >= kSmallest. nullptr if that is more than the limit.
  void* take(std::size_t bytes);
  /// Ends the use of a block of any cache. False if `data` is not a block of a cache.
  static bool give_back(void* data);

  /// The size of the block in use that starts at `data`; 0 if it is not a block of a cache.
  static std::size_t bytes_of(void* data);

  /// Returns all unused blocks to the source. The result is their number of bytes.
  std::size_t release();
  /// The same, if there was no run for `older_than`. Then nothing is kept until the next run.
  std::size_t release_idle(Clock::duration older_than);
  /// Called when the instance is destroyed: returns all unused blocks, and from then on each block when it is freed.
  void close();

  ActivationMemory counts() const;

 private:
  struct Block;
  struct BlockTable;
  class BlockList;

  /// From 64 KiB to beyond what a machine can address, 8 sizes per doubling.
  static constexpr std::size_t kSizes = 8 * 40;
  /// A kept block serves requests of more than a quarter of its size, since a result may keep a block of at most four
  /// times its own size alive (tensor_bridge.cpp).
  static constexpr std::size_t kSizesTried = 8 * 2 - 1;
  static std::size_t rounded(std::size_t bytes);
  static std::size_t index_of(std::size_t rounded_bytes);

  bool keeps(const Block& block) const GANTRY_REQUIRES(mutex_);
  /// Removes all unused blocks from the lists, or only those that the last runs did not use.
  BlockList unlist(bool only_stale) GANTRY_REQUIRES(mutex_);
  void put(Block* block);

  c10::Allocator& source_;
  const std::size_t limit_;
  mutable detail::Mutex mutex_;
  std::array<Block*, kSizes> free_ GANTRY_GUARDED_BY(mutex_){};
  ActivationMemory counts_ GANTRY_GUARDED_BY(mutex_);
  std::uint64_t run_ GANTRY_GUARDED_BY(mutex_) = 0;
  std::uint64_t returns_ GANTRY_GUARDED_BY(mutex_) = 0;
  int running_ GANTRY_GUARDED_BY(mutex_) = 0;
  Clock::time_point last_run_ GANTRY_GUARDED_BY(mutex_) = TimeSource::steady().now();
  bool is_open_ GANTRY_GUARDED_BY(mutex_) = false;  // from the start of a run until release_idle() or close()
};

}  // namespace gantry::inline GANTRY_ABI::libtorch

// SPDX-License-Identifier: Apache-2.0
// ActivationCache: the large blocks of memory that one engine instance computes in, kept from one run to the next.
//
// glibc gives a large block back to the kernel as soon as it is freed and gets it again, page by page, for the next
// operation's output; for a convolutional network that can cost as much as its arithmetic.
//
// How much is kept: the blocks that the last 16 runs used, since batches differ from run to run and a cache that
// followed only the last one would lose a full batch's memory with each small one; and never more than the limit, which
// holds what a model of images needs for a full batch (EfficientNet-lite0: 160 MB at a batch of 8).
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

/// Ownership: shared by the engine instance and each block that is in use, so a block may be freed when the instance is
///            gone. It then goes back to where it came from at once.
/// Threads:   thread-safe.
/// Errors:    take() throws what its source throws.
/// Cost:      a block taken or given back: two uncontended locks and a look-up.
class ActivationCache : public std::enable_shared_from_this<ActivationCache> {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kLimit = std::size_t{256} << 20;
  /// Smaller blocks come out of the heap, where glibc is quick and they cost no page faults.
  static constexpr std::size_t kSmallest = std::size_t{64} << 10;
  static constexpr std::uint64_t kRunsKept = 16;

  /// Blocks come from `source`, which lives forever. `limit`: bytes kept while nobody uses them.
  ActivationCache(c10::Allocator& source, std::size_t limit);
  ~ActivationCache();
  ActivationCache(const ActivationCache&) = delete;
  ActivationCache& operator=(const ActivationCache&) = delete;

  void begin_run();
  /// Gives back what the last runs did not use.
  void end_run();

  /// A block of at least `bytes` >= kSmallest. nullptr if that is more than the limit.
  void* take(std::size_t bytes);
  /// Ends the use of a block of whichever cache. false: `data` is no cache's block.
  static bool give_back(void* data);

  /// The size of the block in use that starts at `data`; 0 if it is no cache's.
  static std::size_t bytes_of(void* data);

  /// Gives back all that is not in use; the number of bytes.
  std::size_t release();
  /// The same if no run has gone on for `older_than`; until the next run nothing is kept then.
  std::size_t release_idle(Clock::duration older_than);
  /// The instance is gone: gives back all, and from now on each block as it comes.
  void close();

  ActivationMemory counts() const;

 private:
  struct Block;
  struct BlockTable;
  class BlockList;

  /// From 64 KiB to beyond what a machine can address, 8 sizes per doubling.
  static constexpr std::size_t kSizes = 8 * 40;
  /// A kept block serves requests of more than a quarter of it, which is what a result may pin (tensor_bridge.cpp).
  static constexpr std::size_t kSizesTried = 8 * 2 - 1;
  static std::size_t rounded(std::size_t bytes);
  static std::size_t index_of(std::size_t rounded_bytes);

  bool keeps(const Block& block) const GANTRY_REQUIRES(mutex_);
  /// Takes all blocks that are not in use out of the lists, or those that the last runs did not use.
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

// SPDX-License-Identifier: Apache-2.0
// LatencyModel: what a batch of n takes, learned from the batches there were, and the batch size that pays.
//
// On a CPU a batch of a convolutional network costs as much a sample as a single one, or more, while for a small MLP,
// an RNN, or on a GPU it costs a fraction. Which it is shows only on the machine itself, so sizes are tried when that
// many samples wait anyway, and the smallest size whose time per sample is within 3 % of the best is kept to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/policy/fair_queue.hpp"
#include "runtime/policy/fastest_time.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class LatencyModel {
 public:
  /// `sizes`: the only ones that there are, ascending; empty: all.
  explicit LatencyModel(std::size_t max_batch, const std::vector<std::size_t>& sizes = {});

  void record(std::size_t batch, Clock::duration took);

  /// The expected time of a batch; zero while nothing is known.
  Clock::duration expected(std::size_t batch) const;
  /// The least time a batch takes: what is hopeless is measured by this.
  Clock::duration fastest(std::size_t batch) const { return fastest_.of(batch); }
  /// True for the few hopeless calls that are computed all the same, to see whether they still are.
  bool should_try_hopeless() { return fastest_.should_try(); }
  /// The model does not take this size, or its rows come back wrong: neither it nor another size of its octave is ever
  /// used again. The smallest size cannot be forbidden.
  void forbid(std::size_t batch);
  bool is_forbidden(std::size_t batch) const;
  /// Samples to put into one call at most, with `waiting` at hand: the size that pays, or one that is to be
  /// tried.
  std::size_t batch_size(std::size_t waiting) const;
  /// The smallest size up to `waiting` of which too little is known; 0: none.
  std::size_t trial_size(std::size_t waiting) const;
  /// The size that pays best so far.
  std::size_t best_size() const;

 private:
  /// Batches of sizes 2^i .. 2^(i+1) - 1.
  struct Bucket {
    std::uint64_t count = 0;
    double per_sample = 0;      // seconds
    std::uint64_t used_at = 0;  // LatencyModel::samples_ then
    std::size_t size = 0;       // that stands for it: the largest that there is
    bool is_forbidden = false;  // also where there is none
  };
  static std::size_t bucket_of(std::size_t batch);
  std::size_t size_of(std::size_t bucket) const { return buckets_[bucket].size; }
  std::size_t best_bucket() const;
  /// The largest size up to `size` that is not forbidden.
  std::size_t allowed(std::size_t size) const;

  const std::size_t max_batch_;
  std::vector<Bucket> buckets_;
  std::size_t first_ = 0;  // of the smallest size
  FastestTime fastest_;
  std::uint64_t samples_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include "runtime/policy/latency_model.hpp"

#include <algorithm>

#include "core/floor_log2.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr double kShare = 0.1;        // weight of a new measurement in the running mean
constexpr double kOutlier = 4.0;      // a measurement counts as at most this many times the mean
constexpr double kWorthwhile = 0.97;  // a larger size must be at least this much better
constexpr std::uint64_t kTrials = 3;  // measurements of a size before it may be chosen
constexpr double kHopeless = 1.15;    // a size this much worse after two trials is given up
// A size is tried again when kLookAgain times as many samples ran at other sizes: its measurement may be outdated.
// These trials of all sizes together put less than a hundredth of the samples into batches that do not pay.
constexpr std::uint64_t kLookAgain = 2000;

Clock::duration from_seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

LatencyModel::LatencyModel(std::size_t max_batch, const std::vector<std::size_t>& sizes)
    : max_batch_(std::max<std::size_t>(1, max_batch)), buckets_(bucket_of(max_batch_) + 1) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    buckets_[i].size = i + 1 == buckets_.size() ? max_batch_ : std::size_t{1} << i;
    buckets_[i].is_forbidden = !sizes.empty();
  }
  for (const std::size_t size : sizes) {
    if (size > max_batch_) break;
    buckets_[bucket_of(size)].size = size;
    buckets_[bucket_of(size)].is_forbidden = false;
  }
  while (first_ + 1 < buckets_.size() && buckets_[first_].is_forbidden) ++first_;
}

std::size_t LatencyModel::bucket_of(std::size_t batch) {
  return floor_log2(batch);
}

void LatencyModel::record(std::size_t batch, Clock::duration took) {
  batch = std::max<std::size_t>(1, batch);
  Bucket& bucket = buckets_[std::min(bucket_of(batch), buckets_.size() - 1)];
  const double seconds = std::chrono::duration<double>(took).count();
  const double per_sample = seconds / static_cast<double>(batch);
  // The first call of a size sets up memory and kernels, so the second measurement replaces it unless it is slower.
  if (bucket.count == 0 || (bucket.count == 1 && per_sample < bucket.per_sample))
    bucket.per_sample = per_sample;
  else
    bucket.per_sample += kShare * (std::min(per_sample, kOutlier * bucket.per_sample) - bucket.per_sample);
  ++bucket.count;
  samples_ += batch;
  bucket.used_at = samples_;
  fastest_.record(batch, took);
}

Clock::duration LatencyModel::expected(std::size_t batch) const {
  if (first_ > 0) batch = std::max(batch, std::size_t{1} << first_);  // smaller batches are computed at this size
  const std::size_t wanted = std::min(bucket_of(std::max<std::size_t>(1, batch)), buckets_.size() - 1);
  for (std::size_t i = wanted + 1; i-- > 0;)  // the next smaller measured size; else the next larger
    if (buckets_[i].count > 0) return from_seconds(buckets_[i].per_sample * static_cast<double>(batch));
  for (std::size_t i = wanted; i < buckets_.size(); ++i)
    if (buckets_[i].count > 0) return from_seconds(buckets_[i].per_sample * static_cast<double>(batch));
  return Clock::duration::zero();
}

void LatencyModel::forbid(std::size_t batch) {
  const std::size_t bucket = std::min(bucket_of(batch), buckets_.size() - 1);
  if (bucket > first_) buckets_[bucket].is_forbidden = true;
}

bool LatencyModel::is_forbidden(std::size_t batch) const {
  return buckets_[std::min(bucket_of(batch), buckets_.size() - 1)].is_forbidden;
}

std::size_t LatencyModel::allowed(std::size_t size) const {
  for (std::size_t bucket = bucket_of(size); bucket > first_ && buckets_[bucket].is_forbidden; --bucket)
    size = (std::size_t{1} << bucket) - 1;
  return size;
}

std::size_t LatencyModel::best_bucket() const {
  std::size_t best = first_;
  for (std::size_t i = first_ + 1; i < buckets_.size(); ++i)
    if (!buckets_[i].is_forbidden && buckets_[i].count >= kTrials && buckets_[best].count > 0 &&
        buckets_[i].per_sample < kWorthwhile * buckets_[best].per_sample)
      best = i;
  return best;
}

std::size_t LatencyModel::best_size() const {
  return size_of(best_bucket());
}

std::size_t LatencyModel::trial_size(std::size_t waiting) const {
  // Tries all sizes: a batch of two may cost more than two calls, and a batch of sixteen still less than sixteen.
  const double hopeless = kHopeless * buckets_[best_bucket()].per_sample;
  for (std::size_t i = first_; i < buckets_.size() && size_of(i) <= waiting; ++i)
    if (!buckets_[i].is_forbidden &&
        (buckets_[i].count < 2 || (buckets_[i].count < kTrials && buckets_[i].per_sample <= hopeless)))
      return size_of(i);
  return 0;
}

std::size_t LatencyModel::batch_size(std::size_t waiting) const {
  waiting = std::min(waiting, max_batch_);
  if (waiting <= size_of(first_)) return std::max<std::size_t>(1, waiting);
  if (const std::size_t trial = trial_size(waiting)) return trial;
  for (std::size_t i = first_; i < buckets_.size() && size_of(i) <= waiting; ++i)
    if (!buckets_[i].is_forbidden && samples_ - buckets_[i].used_at >= kLookAgain * size_of(i)) return size_of(i);
  return allowed(std::min(waiting, best_size()));
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/latency_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

// As in HdrHistogram: each octave has 128 buckets of equal width; below 128 ns each nanosecond has its own bucket.
constexpr int kBitsPerOctave = 7;
constexpr std::uint64_t kPerOctave = 1U << kBitsPerOctave;

std::size_t bucket_of(std::uint64_t ns) {
  int shift = 0;
  while ((ns >> shift) >= 2 * kPerOctave) ++shift;
  return static_cast<std::size_t>(kPerOctave * static_cast<std::uint64_t>(shift) + (ns >> shift));
}

/// The smallest duration in a bucket, in nanoseconds.
std::uint64_t lower_bound_of(std::size_t bucket) {
  if (bucket < 2 * kPerOctave) return bucket;
  const std::uint64_t shift = bucket / kPerOctave - 1;
  return (bucket - shift * kPerOctave) << shift;
}

std::chrono::nanoseconds nanoseconds_of(std::uint64_t count) {
  return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(count));
}

}  // namespace

void LatencyHistogram::add(Duration value) {
  value = std::max(value, Duration(0));
  const auto ns = static_cast<std::uint64_t>(value.count());
  const std::size_t bucket = bucket_of(ns);
  if (bucket >= counts_.size()) counts_.resize(bucket + 1);
  ++counts_[bucket];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ns_ += ns;
  ++count_;
}

LatencyHistogram& LatencyHistogram::operator+=(const LatencyHistogram& other) {
  if (other.count_ == 0) return *this;
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ns_ += other.sum_ns_;
  count_ += other.count_;
  return *this;
}

std::uint64_t LatencyHistogram::needed_for(double q) {
  return static_cast<std::uint64_t>(std::llround(1 / (1 - q)));
}

std::optional<LatencyHistogram::Duration> LatencyHistogram::quantile(double q) const {
  if (count_ < needed_for(q)) return std::nullopt;
  // The 0.9 quantile of 10 values is the 9th, even if 0.9 * 10 is slightly more than 9.
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_) - 1e-9 * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::min(nanoseconds_of(lower_bound_of(bucket + 1) - 1), max_);
  }
  return max_;
}

std::vector<LatencyHistogram::Bucket> LatencyHistogram::buckets(int per_octave) const {
  const auto merged = static_cast<std::size_t>(kPerOctave) / static_cast<std::size_t>(per_octave);
  std::vector<Bucket> found;
  for (std::size_t begin = 0; begin < counts_.size(); begin += merged) {
    std::uint64_t count = 0;
    for (std::size_t i = begin; i < std::min(begin + merged, counts_.size()); ++i) count += counts_[i];
    const std::uint64_t lower = lower_bound_of(begin);
    if (count > 0)
      found.push_back(
          {nanoseconds_of(lower == 0 ? 0 : lower - 1), nanoseconds_of(lower_bound_of(begin + merged) - 1), count});
  }
  return found;
}

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// PackedWeights: memory that XNNPACK packs a model's weights into once, and that all instances then map.
//
// XNNPACK can keep packed weights in a file (the option packed_cache_path), and looks for them there before it packs.
// The file here has no name in any file system: it is memory of this process, reached through /proc/self/fd.
// - XNNPACK serialises what computes with one and the same path. So each instance gets a spelling of its own.
// - Whoever finds weights in it opens it for writing as well, unless somebody else holds a lock on it. So the lock is
//   held here, once the weights are in it.
#pragma once

#include <cstddef>
#include <gantry/version.hpp>
#include <memory>
#include <string>

namespace gantry::inline GANTRY_ABI::executorch {

/// Ownership: owns the memory; what instances have mapped stays.
/// Threads:   thread-safe, but for seal().
/// Errors:    make() gives nullptr where there is no such memory, or no /proc.
/// Cost:      a file descriptor; the weights once.
class PackedWeights {
 public:
  static std::shared_ptr<PackedWeights> make();
  ~PackedWeights();
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  /// A path to it that nobody else has. At most 255 characters.
  std::string next_path();
  /// Nobody writes to it any more. False if the weights are not in it.
  bool seal();
  std::size_t size() const;

 private:
  explicit PackedWeights(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace gantry::inline GANTRY_ABI::executorch

// SPDX-License-Identifier: Apache-2.0
// PackedWeights: memory into which XNNPACK packs a model's weights once; all instances then map it.
//
// XNNPACK can keep packed weights in a file (the option packed_cache_path), and looks for them there before it packs.
// The file used here is a memory file of this process (memfd), reached through /proc/self/fd.
// - XNNPACK serialises computations that use the same path. So each instance gets a different spelling of the path.
// - XNNPACK opens a file with packed weights for writing, too, unless another process or descriptor holds a lock on it.
//   So this class holds the lock once the weights are packed.
#pragma once

#include <cstddef>
#include <gantry/version.hpp>
#include <memory>
#include <string>

namespace gantry::inline GANTRY_ABI::executorch {

/// Ownership: owns the memory; mappings of instances stay valid.
/// Threads:   thread-safe, except seal().
/// Errors:    make() returns nullptr if the system has no memory files, or no /proc.
/// Cost:      a file descriptor, and one copy of the weights.
class PackedWeights {
 public:
  static std::shared_ptr<PackedWeights> make();
  ~PackedWeights();
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  /// A path that no other instance has. At most 255 characters.
  std::string next_path();
  /// Ends writing. False if the memory does not contain the weights.
  bool seal();
  std::size_t size() const;

 private:
  explicit PackedWeights(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace gantry::inline GANTRY_ABI::executorch

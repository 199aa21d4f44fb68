// SPDX-License-Identifier: Apache-2.0
// Bytes: an immutable, shared run of bytes - an encoded image, a request body, a file.
//
//   gantry::Bytes jpeg = gantry::read_file("cat.jpg").value();
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gantry/result.hpp>
#include <gantry/span.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Immutable bytes with shared ownership.
///
/// Ownership: shares its storage; copies are cheap.
/// Threads:   immutable.
/// Errors:    none.
/// Cost:      no copy when made from an rvalue string or vector, or by wrap().
class GANTRY_API Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string text);
  explicit Bytes(std::vector<std::uint8_t> bytes);

  /// Copies `size` bytes from `data`.
  static Bytes copy(const void* data, std::size_t size);
  /// Refers to memory that `owner` keeps alive; no copy.
  static Bytes wrap(const void* data, std::size_t size, std::shared_ptr<const void> owner);

  /// False for memory wrapped without an owner, which the caller of wrap() keeps alive. Also false if empty.
  bool has_owner() const noexcept { return owner_ != nullptr; }
  const std::uint8_t* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::uint8_t* begin() const noexcept { return data_; }
  const std::uint8_t* end() const noexcept { return data_ + size_; }

 private:
  std::shared_ptr<const void> owner_;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Reads a whole regular file. not_found when it does not exist, resource_exhausted when it is larger than `max_bytes`,
/// failed_precondition when it is not a regular file or cannot be read, invalid_argument for a zero byte in `path`.
/// Thread-safe.
GANTRY_API Result<Bytes> read_file(const std::string& path, std::size_t max_bytes = std::size_t{1} << 31);

}  // namespace GANTRY_ABI
}  // namespace gantry

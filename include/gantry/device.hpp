// SPDX-License-Identifier: Apache-2.0
// Device: where a tensor lives or a model runs: "cpu" or "cuda:N".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// A device tag; creating one does not access the device.
///
/// Ownership: a value.
/// Threads:   immutable.
/// Errors:    parse: invalid_argument for anything but "cpu", "cuda", "cuda:N" with N in 0..127. cuda() clamps its
///            index to this range.
/// Cost:      two bytes.
class GANTRY_API Device {
 public:
  enum class Kind : std::uint8_t { kCpu, kCuda };

  constexpr Device() = default;
  static constexpr Device cpu() { return Device(); }
  /// `index` is clamped to 0..127.
  static constexpr Device cuda(int index = 0) {
    return Device(Kind::kCuda, static_cast<std::int8_t>(index < 0 ? 0 : index > 127 ? 127 : index));
  }
  /// "cuda" means "cuda:0".
  static Result<Device> parse(std::string_view text);

  constexpr Kind kind() const { return kind_; }
  constexpr bool is_cpu() const { return kind_ == Kind::kCpu; }
  constexpr int index() const { return index_; }
  std::string to_string() const;

  friend constexpr bool operator==(Device a, Device b) { return a.kind_ == b.kind_ && a.index_ == b.index_; }
  friend constexpr bool operator!=(Device a, Device b) { return !(a == b); }

 private:
  constexpr Device(Kind kind, std::int8_t index) : kind_(kind), index_(index) {}
  Kind kind_ = Kind::kCpu;
  std::int8_t index_ = 0;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

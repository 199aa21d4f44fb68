// SPDX-License-Identifier: Apache-2.0
// TraceParent: the `traceparent` header of W3C Trace Context, https://www.w3.org/TR/trace-context/, which names the
// parent of a request in a distributed trace.
//
//   auto parent = parse_trace_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

struct TraceParent {
  std::array<std::uint8_t, 16> trace_id{};  ///< not all zero
  std::array<std::uint8_t, 8> parent_id{};  ///< the caller's span; not all zero
  std::uint8_t flags = 0;                   ///< for versions after 00: only the sampled bit

  /// True if the caller may have recorded its part of the trace.
  bool is_sampled() const { return (flags & 1) != 0; }
};

/// Parses `text` strictly; nullopt unless it is valid: lower-case hex, no all-zero id, nothing after the flags of
/// version 00. Of versions 01 to fe only the part equal to 00 is read, as specified. On nullopt the caller should start
/// a trace of its own.
GANTRY_API std::optional<TraceParent> parse_trace_parent(std::string_view text) noexcept;

/// Formats version 00.
GANTRY_API std::string to_string(const TraceParent& parent);

}  // namespace GANTRY_ABI
}  // namespace gantry

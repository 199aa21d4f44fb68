// SPDX-License-Identifier: Apache-2.0
// TraceContext: a span's place in a distributed trace, as W3C Trace Context has it:
// https://www.w3.org/TR/trace-context/
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <gantry/trace_parent.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace gantry_server {

using SpanId = std::array<std::uint8_t, 8>;

struct TraceContext {
  gantry::TraceParent span;      ///< the trace, this span, and whether the trace is recorded: a traceparent for others
  std::optional<SpanId> parent;  ///< the caller's span; nullopt: the trace begins here
  std::string state;             ///< tracestate; empty: none
};

/// The context of a new span: of the caller's trace if `trace_parent` is valid, whose sampled flag it keeps; else of a
/// new trace, which is recorded if it is one of `sample_one_in` (0: never). A `trace_state` that is not valid, or whose
/// trace_parent is not, is left out. `trace_state` is the header's lines, joined by commas.
TraceContext continue_trace(std::string_view trace_parent, std::string_view trace_state, std::size_t sample_one_in);
/// The context of a new span whose parent is `parent`.
TraceContext child_of(const gantry::TraceParent& parent);

/// Whether a tracestate has the form of section 3.3, at most 32 members, each key once, and at most 512 bytes.
bool is_valid_trace_state(std::string_view text);

/// In lower-case hexadecimal digits.
std::string trace_id_text(const TraceContext& context);
std::string span_id_text(const TraceContext& context);

}  // namespace gantry_server

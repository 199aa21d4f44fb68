// SPDX-License-Identifier: Apache-2.0
// Span: what happened between two times, as OpenTelemetry has it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "trace_context.hpp"

namespace gantry_server {

enum class SpanRole { kInternal = 1, kServer = 2 };  ///< OTLP's Span.SpanKind

struct Attribute {
  std::string key;
  std::variant<std::string, std::int64_t> value;
};

struct Span {
  TraceContext context;
  std::string name;
  SpanRole role = SpanRole::kInternal;
  std::chrono::steady_clock::time_point began;
  std::chrono::steady_clock::time_point ended;
  std::vector<Attribute> attributes;
  bool has_failed = false;
  std::string message;  ///< of what failed

  /// Longer texts are cut: a span's size has a bound. An empty one is left out.
  void add(std::string key, std::string_view text) {
    if (!text.empty()) attributes.push_back({std::move(key), std::string(text.substr(0, kLongestText))});
  }
  void add_number(std::string key, std::int64_t number) { attributes.push_back({std::move(key), number}); }

  static constexpr std::size_t kLongestText = 1024;
};

}  // namespace gantry_server

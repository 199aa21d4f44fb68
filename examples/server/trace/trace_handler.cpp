// SPDX-License-Identifier: Apache-2.0
#include "trace_handler.hpp"

#include <string>

namespace gantry_server {

std::optional<Response> TraceHandler::refuse(Request& head) const {
  // Two of traceparent are none; several of tracestate are one, in their order.
  const bool is_one = head.headers.count("traceparent") == 1;
  std::string state;
  const auto lines = head.headers.equal_range("tracestate");
  for (auto line = lines.first; line != lines.second; ++line) {
    if (!state.empty()) state += ',';
    state += std::string(line->value());
  }
  head.trace = tracer_->begin(is_one ? head.header("traceparent") : "", state, head.path);
  return next_->refuse(head);
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// TraceHandler: begins the span of each request, before the handler that answers it.
#pragma once

#include <memory>
#include <utility>

#include "http/handler.hpp"
#include "tracer.hpp"

namespace gantry_server {

/// Sets Request::trace, from which engines get their parent and the answer its header traceresponse;
/// ConnectionContext::log ends the span.
///
/// Threads: thread-safe.
class TraceHandler final : public Handler {
 public:
  TraceHandler(std::shared_ptr<const Tracer> tracer, std::shared_ptr<const Handler> next)
      : tracer_(std::move(tracer)), next_(std::move(next)) {}

  std::optional<Response> refuse(Request& head) const override;
  void handle(const std::shared_ptr<const Request>& request, Respond respond) const override {
    next_->handle(request, std::move(respond));
  }

 private:
  const std::shared_ptr<const Tracer> tracer_;
  const std::shared_ptr<const Handler> next_;
};

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// Calls observers, and catches what they throw.
#include "runtime/observed_request.hpp"

#include <algorithm>
#include <utility>

#include "runtime/context.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI {

Observer::~Observer() = default;

const char* to_string(SpanKind kind) noexcept {
  switch (kind) {
    case SpanKind::kRequest:
      return "request";
    case SpanKind::kQueue:
      return "queue";
    case SpanKind::kStage:
      return "stage";
    case SpanKind::kModelQueue:
      return "model_queue";
    case SpanKind::kEngineCall:
      return "engine_call";
  }
  return "unknown";
}

namespace detail {
namespace {

void call(Observer& observer, const EndedSpan& span) noexcept {
  try {
    observer.on_span(span);
  } catch (...) {
  }
}

}  // namespace

ObservedRequest::Ptr ObservedRequest::ask(const std::shared_ptr<Observer>& observer, const std::string& pipeline,
                                          const CallOptions& options, std::size_t samples,
                                          const Context* outer) noexcept {
  try {
    const bool is_within = outer && outer->runtime && outer->runtime->options().observer == observer;
    const auto& around = is_within ? outer->call->observed : nullptr;
    if (is_within && !around) return nullptr;
    auto request = std::make_shared<ObservedRequest>(observer, pipeline, options.time(), options.began);
    request->tag_ = observer->on_request({pipeline, parse_trace_parent(options.trace_parent), options.tenant, samples,
                                          request->began_, around ? around->tag_ : nullptr});
    if (request->tag_) return request;
  } catch (...) {
  }
  return nullptr;
}

void ObservedRequest::end(std::size_t samples, std::size_t failed, const Error* error) const noexcept {
  tell({SpanKind::kRequest, pipeline_, {}, began_, time_.now(), samples, failed, error, {}});
}

void ObservedRequest::tell(EndedSpan span) const noexcept {
  span.requests = Span<const std::shared_ptr<void>>(&tag_, 1);
  call(*observer_, span);
}

void ObservedRequest::tell_all(Span<const Ptr> requests, EndedSpan span) noexcept {
  try {
    std::vector<std::shared_ptr<void>> tags;
    std::vector<const Observer*> told;  // more than one only for a model that pipelines of several runtimes share
    for (const Ptr& first : requests) {
      if (std::find(told.begin(), told.end(), first->observer_.get()) != told.end()) continue;
      told.push_back(first->observer_.get());
      tags.clear();
      for (const Ptr& request : requests)
        if (request->observer_ == first->observer_) tags.push_back(request->tag_);
      span.requests = tags;
      call(*first->observer_, span);
    }
  } catch (...) {  // no memory: the span is not reported
  }
}

}  // namespace detail
}  // namespace gantry::inline GANTRY_ABI

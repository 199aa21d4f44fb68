// SPDX-License-Identifier: Apache-2.0
#include "pipeline_observer.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace gantry_server {
namespace {

std::int64_t signed_of(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

Span describe(const gantry::EndedSpan& ended) {
  Span span;
  span.name = gantry::to_string(ended.kind) + (" " + std::string(ended.name.substr(0, Span::kLongestText)));
  span.began = ended.began;
  span.ended = ended.ended;
  span.add("gantry.kind", gantry::to_string(ended.kind));
  span.add("gantry.stage.path", ended.path);
  span.add_number("gantry.samples", signed_of(ended.samples));
  if (ended.failed > 0) span.add_number("gantry.failed", signed_of(ended.failed));
  if (ended.error == nullptr) return span;
  span.has_failed = true;
  span.message = ended.error->to_string().substr(0, Span::kLongestText);
  span.add("error.type", gantry::to_string(ended.error->code()));
  if (ended.error->reason() != gantry::ErrorReason::kNone)
    span.add("gantry.reason", gantry::to_string(ended.error->reason()));
  return span;
}

}  // namespace

std::shared_ptr<void> PipelineObserver::on_request(const gantry::RequestStart& request) {
  if (request.outer)
    return std::make_shared<TraceContext>(child_of(std::static_pointer_cast<TraceContext>(request.outer)->span));
  if (!request.parent || !request.parent->is_sampled()) return nullptr;
  return std::make_shared<TraceContext>(child_of(*request.parent));
}

void PipelineObserver::on_span(const gantry::EndedSpan& ended) {
  Span span = describe(ended);
  std::vector<const TraceContext*> requests;  // a request with several samples in a batch is there several times
  for (const std::shared_ptr<void>& one : ended.requests) {
    const auto* request = static_cast<const TraceContext*>(one.get());
    if (std::find(requests.begin(), requests.end(), request) == requests.end()) requests.push_back(request);
  }
  if (requests.size() > 1) span.add_number("gantry.batch_requests", signed_of(requests.size()));
  for (const TraceContext* request : requests) {
    Span one = span;
    one.context = ended.kind == gantry::SpanKind::kRequest ? *request : child_of(request->span);
    exporter_->add(std::move(one));
  }
}

}  // namespace gantry_server

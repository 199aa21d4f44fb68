// SPDX-License-Identifier: Apache-2.0
// PipelineObserver: the spans of what happens within a request: pipeline, queue, stages, engine calls.
#pragma once

#include <gantry/observer.hpp>
#include <memory>

#include "span_exporter.hpp"

namespace gantry_server {

/// A pipeline's request is a child of the server's span, which its trace_parent names; what happens in it are children
/// of that. Requests that no recorded span is the parent of have none.
///
/// An engine call that computed samples of several requests is a span of each of them, with the same times and
/// gantry.batch_requests.
///
/// Threads: thread-safe.
class PipelineObserver final : public gantry::Observer {
 public:
  explicit PipelineObserver(std::shared_ptr<SpanExporter> exporter) : exporter_(std::move(exporter)) {}

  std::shared_ptr<void> on_request(const gantry::RequestStart& request) override;
  void on_span(const gantry::EndedSpan& span) override;

 private:
  const std::shared_ptr<SpanExporter> exporter_;
};

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// Tracer: the server's spans: one for each request of HTTP and gRPC, and, through its observer, those within it.
#pragma once

#include <cstddef>
#include <functional>
#include <gantry/observer.hpp>
#include <gantry/result.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "access_log.hpp"
#include "span_exporter.hpp"
#include "trace_options.hpp"

namespace gantry_server {

/// Threads: thread-safe, but for stop().
class Tracer {
 public:
  /// Invalid options are an error that names the setting. `has_tls`: TCP clients speak https.
  static gantry::Result<std::shared_ptr<Tracer>> open(const TraceOptions& options, bool has_tls, SpanExporter::Say say);

  /// The span of a request that has arrived. Without a context of its client, health checks, metrics and the page begin
  /// no recorded trace: there would be little else.
  TraceContext begin(std::string_view trace_parent, std::string_view trace_state, std::string_view path) const;
  /// The request has been answered, just now. Its span is sent if it is recorded; one that has none, since it was
  /// refused before it was read, begins and ends here.
  void end(const AccessLine& request) const;

  /// For RuntimeOptions.
  std::shared_ptr<gantry::Observer> observer() const { return observer_; }
  /// Lines for the page of Prometheus.
  std::string metrics() const;
  /// Sends what waits, within TraceOptions::timeout.
  void stop() { exporter_->stop(); }

 private:
  Tracer(const TraceOptions& options, bool has_tls, std::shared_ptr<SpanExporter> exporter);

  const std::size_t sample_one_in_;
  const bool has_tls_;
  const std::shared_ptr<SpanExporter> exporter_;
  const std::shared_ptr<gantry::Observer> observer_;
};

}  // namespace gantry_server

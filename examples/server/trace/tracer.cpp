// SPDX-License-Identifier: Apache-2.0
#include "tracer.hpp"

#include <utility>

#include "pipeline_observer.hpp"
#include "server_span.hpp"

namespace gantry_server {

gantry::Result<std::shared_ptr<Tracer>> Tracer::open(const TraceOptions& options, bool has_tls, SpanExporter::Say say) {
  auto exporter = SpanExporter::open(options, std::move(say));
  if (!exporter) return exporter.error();
  return std::shared_ptr<Tracer>(new Tracer(options, has_tls, *std::move(exporter)));
}

Tracer::Tracer(const TraceOptions& options, bool has_tls, std::shared_ptr<SpanExporter> exporter)
    : sample_one_in_(options.sample_one_in),
      has_tls_(has_tls),
      exporter_(std::move(exporter)),
      observer_(std::make_shared<PipelineObserver>(exporter_)) {}

TraceContext Tracer::begin(std::string_view trace_parent, std::string_view trace_state, std::string_view path) const {
  return continue_trace(trace_parent, trace_state, begins_trace(path) ? sample_one_in_ : 0);
}

void Tracer::end(const AccessLine& request) const {
  const TraceContext context = request.trace ? *request.trace : begin(request.trace_parent, {}, request.path);
  if (context.span.is_sampled()) exporter_->add(server_span(request, context, has_tls_));
}

std::string Tracer::metrics() const {
  const SpanExporter::Counts counts = exporter_->counts();
  const auto family = [](const char* name, const char* type, const char* help) {
    return std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
  };
  const auto dropped = [](const char* reason, std::uint64_t count) {
    return std::string("gantry_server_trace_dropped_total{reason=\"") + reason + "\"} " + std::to_string(count) + "\n";
  };
  return family("gantry_server_trace_exported_total", "counter", "Spans that the collector took.") +
         "gantry_server_trace_exported_total " + std::to_string(counts.exported) + "\n" +
         family("gantry_server_trace_dropped_total", "counter", "Spans that were not exported, by reason.") +
         dropped("buffer_full", counts.dropped) + dropped("export_failed", counts.lost) +
         dropped("rejected", counts.rejected) +
         family("gantry_server_trace_failures_total", "counter", "Attempts to export that failed.") +
         "gantry_server_trace_failures_total " + std::to_string(counts.failed_exports) + "\n" +
         family("gantry_server_trace_waiting", "gauge", "Spans that wait to be exported.") +
         "gantry_server_trace_waiting " + std::to_string(counts.waiting) + "\n";
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include <gantry/json_writer.hpp>
#include <gantry/version.hpp>

#include "cli/bench/report.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// A duration or null.
void write_ms(JsonWriter& json, const std::string& key, const std::optional<std::chrono::nanoseconds>& value) {
  json.key(key);
  if (value)
    json.value(milliseconds_of(*value));
  else
    json.null();
}

void write_latencies(JsonWriter& json, const LatencyHistogram& latencies) {
  constexpr int kPerOctave = 8;
  json.key("latency").begin_object();
  for (const ReportedQuantile& quantile : kQuantiles)
    write_ms(json, std::string(quantile.key) + "_ms", latencies.quantile(quantile.q));
  const bool any = latencies.count() > 0;
  write_ms(json, "min_ms", any ? std::optional(latencies.min()) : std::nullopt);
  write_ms(json, "mean_ms", any ? std::optional(latencies.mean()) : std::nullopt);
  write_ms(json, "max_ms", any ? std::optional(latencies.max()) : std::nullopt);
  json.key("histogram").begin_list();
  for (const LatencyHistogram::Bucket& bucket : latencies.buckets(kPerOctave))
    json.begin_object().field("upper_ms", milliseconds_of(bucket.upper)).field("count", bucket.count).end_object();
  json.end_list().end_object();
}

void write_memory(JsonWriter& json, const detail::ProcessMemory& memory) {
  json.field("resident_bytes", memory.resident_bytes).field("peak_resident_bytes", memory.peak_resident_bytes);
  json.key("proportional_bytes");
  if (memory.proportional_bytes)
    json.value(*memory.proportional_bytes);
  else
    json.null();
}

void write_side(JsonWriter& json, const Measurement& measured) {
  const LoadResult& load = measured.load;
  json.begin_object().field("answers", load.latencies.count()).field("failed", load.failures.count);
  json.key("failed_by_type").begin_object();
  for (const auto& [type, count] : load.failures.by_type) json.field(type, count);
  json.end_object();
  json.field("answers_per_second", load.answers_per_second);
  write_latencies(json, load.latencies);
  write_ms(json, "cpu_per_request_ms", measured.cpu_per_request());
  write_ms(json, "send_delay_p99_ms", load.send_delays.quantile(0.99));
  const MachineUse& use = measured.use;
  json.field("elapsed_s", seconds_of(use.elapsed)).field("cpu_time_s", seconds_of(use.cpu_time));
  write_memory(json, use.memory);
  json.field("throttled_periods", use.throttled_periods).field("throttled_s", seconds_of(use.throttled));
  json.field("stolen_s", seconds_of(use.stolen)).field("other_processes_cpus", use.others_cpus());
  json.field("void", measured.is_void()).key("noise").list(Span<const std::string>(measured.noise));
  json.end_object();
}

void write_load(JsonWriter& json, const MeasuredLoad& load) {
  json.begin_object();
  if (load.load.is_open())
    json.field("rate_per_second", load.load.rate)
        .field("arrival", load.load.arrival == Arrival::kPoisson ? "poisson" : "constant");
  else
    json.field("concurrency", load.load.callers);
  json.key("sides").begin_list();
  for (const Measurement& side : load.sides) write_side(json, side);
  json.end_list().key("comparison").begin_object();
  for (const ComparedFigure& figure : load.figures) {
    json.key(std::string(figure.key) + "_ratio").begin_object().field("ratio", figure.ratio.ratio);
    json.field("low", figure.ratio.low).field("high", figure.ratio.high).end_object();
  }
  json.end_object().end_object();
}

void write_setting(JsonWriter& json, const BenchReport& report) {
  json.field("began", report.began).field("gantry", version());
  json.key("packages").begin_list();
  for (const SideInfo& side : report.sides) {
    json.begin_object().field("directory", side.directory).field("title", side.title).field("engines", side.engines);
    json.field("opened_in_s", seconds_of(side.open_time)).field("plan", side.plan).end_object();
  }
  json.end_list().key("machine").begin_object().field("cpu", report.machine.cpu).field("isa", report.machine.isa);
  json.field("cpu_budget", report.machine.budget).field("workers", report.machine.workers).end_object();
  json.key("inputs").list(Span<const std::string>(report.inputs));
  json.field("seconds", seconds_of(report.times.length)).field("warmup_seconds", seconds_of(report.times.warm_up));
}

}  // namespace

std::string to_json(const BenchReport& report) {
  JsonWriter json;
  json.begin_object();
  write_setting(json, report);
  json.key("answers_differ");
  if (report.difference)
    json.value(*report.difference);
  else
    json.null();
  json.key("loads").begin_list();
  for (const MeasuredLoad& load : report.loads) write_load(json, load);
  json.end_list().key("findings").begin_list();
  for (const Finding& finding : report.findings()) {
    json.begin_object().field("name", finding.name).field("status", to_string(finding.status));
    json.field("detail", finding.detail).end_object();
  }
  json.end_list().field("void", report.is_void()).field("passed", !report.has_failed()).end_object();
  return json.finish().value() + "\n";
}

}  // namespace gantry::inline GANTRY_ABI::cli

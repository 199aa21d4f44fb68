// SPDX-License-Identifier: Apache-2.0
#include "status.hpp"

#include <gantry/error.hpp>
#include <gantry/json_writer.hpp>
#include <gantry/version.hpp>

namespace gantry_server {
namespace {

using gantry::Histogram;
using gantry::JsonWriter;

void write_texts(JsonWriter& json, const char* name, const std::vector<std::string>& texts) {
  json.key(name).begin_list();
  for (const std::string& text : texts) json.value(text);
  json.end_list();
}

void write_histogram(JsonWriter& json, const char* name, const Histogram& histogram) {
  json.key(name).begin_object().field("count", histogram.count).field("sum_ns", histogram.sum_ns);
  json.key("buckets").begin_list();
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i)
    if (histogram.counts[i] > 0)
      json.begin_list().value(Histogram::upper_bound_of(i)).value(histogram.counts[i]).end_list();
  json.end_list().end_object();
}

/// {"queue_full": 2}: the counts that are not 0. Index 0 stands for no error.
template <class Reason, class Counts>
void write_counts(JsonWriter& json, const char* name, const Counts& counts) {
  json.key(name).begin_object();
  for (std::size_t i = 1; i < counts.size(); ++i)
    if (counts[i] > 0) json.field(gantry::to_string(static_cast<Reason>(i)), counts[i]);
  json.end_object();
}

void write_tensors(JsonWriter& json, const char* name, const std::vector<TensorInfo>& tensors) {
  json.key(name).begin_list();
  for (const TensorInfo& tensor : tensors) {
    json.begin_object().field("name", tensor.name).field("datatype", tensor.datatype);
    json.key("shape").list(gantry::Span<const std::int64_t>(tensor.shape.data(), tensor.shape.size())).end_object();
  }
  json.end_list();
}

void write_server(JsonWriter& json, const ServerState& server, const gantry::Health& health) {
  json.key("server").begin_object().field("name", "gantry-server").field("version", GANTRY_VERSION_STRING);
  json.field("uptime_ms", server.uptime.count()).field("ready", health.is_ready && !server.is_draining);
  std::vector<std::string> reasons = health.reasons;
  if (server.is_draining) reasons.emplace_back("the server is shutting down");
  write_texts(json, "reasons", reasons);
  json.end_object();
}

void write_runtime(JsonWriter& json, const gantry::Runtime& runtime, const gantry::RuntimeStats& stats) {
  json.key("runtime").begin_object().field("budget", runtime.budget_explanation());
  json.field("workers", stats.workers).field("max_workers", runtime.options().workers);
  json.field("threads_per_worker", runtime.options().intra_op_threads).field("effective_cpus", stats.effective_cpus);
  json.field("in_flight", stats.in_flight).field("max_in_flight", runtime.options().max_in_flight);
  json.field("queued", stats.queued).field("requests", stats.requests);
  json.field("deadline_misses", stats.deadline_misses);
  write_counts<gantry::ErrorReason>(json, "rejects", stats.rejects);
  write_histogram(json, "queue_age", stats.queue_age);
  json.field("cpu_periods", stats.cpu_periods).field("cpu_throttled_periods", stats.cpu_throttled_periods);
  json.field("cpu_throttled_ns", stats.cpu_throttled.count());
  json.field("memory_limit_bytes", stats.memory_limit_bytes).field("memory_usage_bytes", stats.memory_usage_bytes);
  json.end_object();
}

void write_traffic(JsonWriter& json, const gantry::PipelineStats& pipeline) {
  json.field("requests", pipeline.requests);
  write_counts<gantry::ErrorCode>(json, "errors", pipeline.errors);
  write_histogram(json, "time", pipeline.time);
  json.key("stages").begin_list();
  for (const gantry::StageStats& stage : pipeline.stages) {
    json.begin_object().field("path", stage.path).field("name", stage.name).field("samples", stage.samples);
    json.field("errors", stage.errors).field("sum_ns", stage.time.sum_ns).field("fused_into", stage.fused_into);
    json.end_object();
  }
  json.end_list();
}

void write_package(JsonWriter& json, const ServedModel& model, bool with_plans) {
  const gantry::PackageInfo& package = model.pipeline.package();
  json.field("golden_cases", package.golden_cases).field("golden_cases_remembered", package.golden_cases_remembered);
  json.key("engines").begin_list();
  for (const gantry::PackageModel& one : package.models) {
    json.begin_object().field("model", one.name).field("engine", one.engine).field("merging", one.merging);
    write_texts(json, "skipped", one.skipped_engines);
    json.end_object();
  }
  json.end_list();
  write_tensors(json, "inputs", model.interface.inputs());
  write_tensors(json, "outputs", model.interface.outputs());
  if (with_plans) json.field("plan", model.pipeline.explain());
}

void write_model(JsonWriter& json, const ModelState& state, const ModelStore& models, const gantry::RuntimeStats& stats,
                 bool with_plans) {
  const auto default_one = models.find(state.name, "");
  json.begin_object().field("name", state.name).field("version", state.version);
  json.field("state", state.is_ready ? "READY" : "UNAVAILABLE").field("reason", state.reason);
  json.field("is_default", default_one && (*default_one)->version == state.version);
  if (state.is_ready)
    if (const auto model = models.find(state.name, state.version)) write_package(json, **model, with_plans);
  for (const gantry::PipelineStats& pipeline : stats.pipelines)
    if (pipeline.name == state.name && pipeline.version == state.version) {
      write_traffic(json, pipeline);
      break;  // a second one with this name and version has a number behind its name
    }
  json.end_object();
}

void write_engine(JsonWriter& json, const gantry::ModelStats& model) {
  json.begin_object().field("name", model.name).field("engine", model.engine);
  json.field("ready", model.health.is_ready);
  write_texts(json, "reasons", model.health.reasons);
  json.field("calls", model.calls).field("samples", model.samples).field("batches", model.batches);
  json.field("failed", model.bad_inputs + model.model_errors + model.resource_errors);
  write_counts<gantry::ErrorReason>(json, "rejects", model.rejects);
  json.field("waiting", model.waiting).field("running", model.running).field("instances", model.instances);
  json.field("max_merged", model.max_merged).field("paying_batch", model.paying_batch);
  json.key("batch_sizes").begin_list();  // of 1, 2 to 3, 4 to 7, ... samples
  std::size_t used = model.batch_sizes.size();
  while (used > 0 && model.batch_sizes[used - 1] == 0) --used;
  for (std::size_t i = 0; i < used; ++i) json.value(model.batch_sizes[i]);
  json.end_list();
  write_histogram(json, "queue_wait", model.queue_wait);
  write_histogram(json, "compute", model.compute);
  json.key("memory").begin_object().field("weights_bytes", model.memory.weights_bytes);
  json.field("retained_bytes", model.memory.retained_bytes).field("in_use_bytes", model.memory.in_use_bytes);
  json.end_object().end_object();
}

}  // namespace

std::string server_status(const ServerState& server, const ModelStore& models, const gantry::Runtime& runtime,
                          bool with_plans) {
  const gantry::RuntimeStats stats = runtime.stats();
  JsonWriter json;
  json.begin_object();
  write_server(json, server, runtime.health());
  write_runtime(json, runtime, stats);
  json.key("models").begin_list();
  for (const ModelState& state : models.list()) write_model(json, state, models, stats, with_plans);
  json.end_list().key("engines").begin_list();
  for (const gantry::ModelStats& model : stats.models) write_engine(json, model);
  json.end_list().end_object();
  return json.finish().value();
}

}  // namespace gantry_server

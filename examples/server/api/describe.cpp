// SPDX-License-Identifier: Apache-2.0
#include "describe.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <gantry/json_writer.hpp>
#include <gantry/version.hpp>
#include <utility>

namespace gantry_server {
namespace {

using gantry::JsonWriter;

void write_tensors(JsonWriter& json, const std::vector<TensorInfo>& tensors) {
  json.begin_list();
  for (const TensorInfo& tensor : tensors) {
    json.begin_object().field("name", tensor.name).field("datatype", tensor.datatype);
    json.key("shape").list(gantry::Span<const std::int64_t>(tensor.shape.data(), tensor.shape.size()));
    if (!tensor.payload.empty()) json.key("parameters").begin_object().field("payload", tensor.payload).end_object();
    json.end_object();
  }
  json.end_list();
}

void write_config_tensors(JsonWriter& json, const std::vector<TensorInfo>& tensors, bool has_batch) {
  json.begin_list();
  for (const TensorInfo& tensor : tensors) {
    const std::size_t first = has_batch && !tensor.shape.empty() ? 1 : 0;
    // Triton's names: TYPE_FP32, but TYPE_STRING for BYTES. A tensor of its config has a dimension at least.
    json.begin_object().field("name", tensor.name);
    json.field("data_type", "TYPE_" + (tensor.datatype == "BYTES" ? "STRING" : tensor.datatype));
    std::vector<std::int64_t> dims(tensor.shape.begin() + static_cast<std::ptrdiff_t>(first), tensor.shape.end());
    if (dims.empty()) dims.push_back(1);
    json.key("dims").list(gantry::Span<const std::int64_t>(dims.data(), dims.size())).end_object();
  }
  json.end_list();
}

std::string platform_of(const ServedModel& model) {
  const auto& models = model.pipeline.package().models;
  return models.empty() ? "gantry" : "gantry_" + models[0].engine;
}

void write_duration(JsonWriter& json, const char* name, std::uint64_t count, std::uint64_t ns) {
  json.key(name).begin_object().field("count", count).field("ns", ns).end_object();
}

/// 0 for the epoch: a model without requests.
std::int64_t milliseconds_since_epoch(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

void write_model_statistics(JsonWriter& json, const gantry::PipelineStats& stats) {
  std::uint64_t failed = 0;
  for (const std::uint64_t errors : stats.errors) failed += errors;
  std::uint64_t model_ns = 0, before_ns = 0, after_ns = 0, batches = 0;
  bool is_behind = false;
  for (const gantry::StageStats& stage : stats.stages) {
    if (stage.path.find('.') != std::string::npos) continue;  // within another stage, whose time has it
    if (stage.name == "model") {
      is_behind = true;
      model_ns += stage.time.sum_ns;
      batches = stage.time.count;
    } else {
      (is_behind ? after_ns : before_ns) += stage.time.sum_ns;
    }
  }
  const std::uint64_t in_stages = model_ns + before_ns + after_ns;
  json.begin_object().field("name", stats.name).field("version", stats.version);
  json.field("last_inference", milliseconds_since_epoch(stats.last_request)).field("inference_count", stats.time.count);
  json.field("execution_count", is_behind ? batches : stats.time.count);
  json.key("inference_stats").begin_object();
  write_duration(json, "success", stats.time.count, stats.time.sum_ns);
  write_duration(json, "fail", failed, 0);
  // What is left of the time of whole requests: they waited for a worker.
  write_duration(json, "queue", stats.time.count, stats.time.sum_ns - std::min(stats.time.sum_ns, in_stages));
  write_duration(json, "compute_input", stats.time.count, before_ns);
  write_duration(json, "compute_infer", stats.time.count, model_ns);
  write_duration(json, "compute_output", stats.time.count, after_ns);
  write_duration(json, "cache_hit", 0, 0);
  write_duration(json, "cache_miss", 0, 0);
  json.end_object().key("batch_stats").begin_list().end_list().end_object();
}

std::string text_of(JsonWriter& json) {
  return json.finish().value();
}

}  // namespace

std::string server_metadata() {
  JsonWriter json;
  json.begin_object().field("name", "gantry-server").field("version", GANTRY_VERSION_STRING);
  json.key("extensions").begin_list();
  for (const char* name :
       {"binary_tensor_data", "raw_binary", "model_repository", "model_configuration", "statistics", "schedule_policy"})
    json.value(name);
  json.end_list().end_object();
  return text_of(json);
}

std::string model_metadata(const ServedModel& model, const std::vector<std::string>& versions) {
  JsonWriter json;
  json.begin_object().field("name", model.name);
  json.key("versions").begin_list();
  for (const std::string& version : versions) json.value(version);
  json.end_list().field("platform", platform_of(model));
  json.key("inputs");
  write_tensors(json, model.interface.inputs());
  json.key("outputs");
  write_tensors(json, model.interface.outputs());
  json.end_object();
  return text_of(json);
}

std::string model_config(const ServedModel& model) {
  JsonWriter json;
  json.begin_object().field("name", model.name).field("platform", platform_of(model)).field("backend", "gantry");
  const bool has_batch = model.interface.has_batch();
  json.field("max_batch_size", has_batch ? model.interface.max_samples() : 0);
  json.key("input");
  write_config_tensors(json, model.interface.inputs(), has_batch);
  json.key("output");
  write_config_tensors(json, model.interface.outputs(), has_batch);
  json.end_object();
  return text_of(json);
}

std::string repository_index(const std::vector<ModelState>& states) {
  JsonWriter json;
  json.begin_list();
  for (const ModelState& state : states)
    json.begin_object()
        .field("name", state.name)
        .field("version", state.version)
        .field("state", state.is_ready ? "READY" : "UNAVAILABLE")
        .field("reason", state.reason)
        .end_object();
  json.end_list();
  return text_of(json);
}

std::string model_statistics(const std::vector<ModelState>& states, const gantry::RuntimeStats& stats) {
  JsonWriter json;
  json.begin_object().key("model_stats").begin_list();
  for (const ModelState& state : states)
    for (const gantry::PipelineStats& pipeline : stats.pipelines)
      if (pipeline.name == state.name && pipeline.version == state.version) write_model_statistics(json, pipeline);
  json.end_list().end_object();
  return text_of(json);
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// Histograms, and the Prometheus text of them.
#include <algorithm>
#include <gantry/stats.hpp>
#include <gantry/version.hpp>
#include <utility>

#include "core/floor_log2.hpp"
#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::size_t kSteps = 4;  // buckets per octave

class PrometheusText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void family(const char* name, const char* type, const char* help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
  }
  void sample(const Labels& labels, double value) { line("", labels, value); }

  /// Every fourth bound, a factor of two apart, from 1 us to 64 s: 27 lines.
  void histogram(const Labels& labels, const Histogram& histogram) {
    std::uint64_t below = 0;
    std::size_t bucket = 0;
    for (std::uint64_t bound = 1024; bound <= (std::uint64_t{1} << 36); bound *= 2) {
      for (; bucket < Histogram::kBuckets && Histogram::upper_bound_of(bucket) < bound; ++bucket)
        below += histogram.counts[bucket];
      below_bound(labels, number(static_cast<double>(bound) * 1e-9), below);
    }
    end_histogram(labels, histogram.count, static_cast<double>(histogram.sum_ns) * 1e-9);
  }

  /// ModelStats::batch_sizes, of `samples` in all.
  template <class Counts>
  void octaves(const Labels& labels, const Counts& counts, std::uint64_t samples) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts.size(); ++i)
      below_bound(labels, number(static_cast<double>((std::uint64_t{2} << i) - 1)), below += counts[i]);
    end_histogram(labels, below, static_cast<double>(samples));
  }
  std::string take() { return std::move(text_); }

 private:
  static std::string number(double value) { return detail::to_text(value, 12); }
  static std::string escaped(const std::string& text) {
    std::string safe;
    for (const char c : text) {
      if (c == '\\' || c == '"') safe += '\\';
      safe += c == '\n' ? ' ' : c;
    }
    return safe;
  }
  void below_bound(Labels labels, std::string bound, std::uint64_t count) {
    labels.emplace_back("le", std::move(bound));
    line("_bucket", labels, static_cast<double>(count));
  }
  void end_histogram(const Labels& labels, std::uint64_t count, double sum) {
    below_bound(labels, "+Inf", count);
    line("_sum", labels, sum);
    line("_count", labels, static_cast<double>(count));
  }
  void line(const char* suffix, const Labels& labels, double value) {
    text_ += name_ + suffix;
    for (std::size_t i = 0; i < labels.size(); ++i)
      text_ += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + escaped(labels[i].second) + "\"";
    if (!labels.empty()) text_ += "}";
    text_ += " " + number(value) + "\n";
  }

  std::string name_;
  std::string text_;
};

constexpr auto kFirstReason = static_cast<std::size_t>(ErrorReason::kQueueFull);
constexpr auto kFirstCode = static_cast<std::size_t>(ErrorCode::kInvalidArgument);

void write_models(PrometheusText& out, const std::vector<ModelStats>& models) {
  const auto each = [&](const char* name, const char* type, const char* help, auto value) {
    out.family(name, type, help);
    for (const ModelStats& model : models) out.sample({{"model", model.name}}, static_cast<double>(value(model)));
  };
  out.family("gantry_model_info", "gauge", "1, with the engine that computes the model.");
  for (const ModelStats& model : models) out.sample({{"model", model.name}, {"engine", model.engine}}, 1);
  each("gantry_model_calls_total", "counter", "Calls of the model.", [](const auto& m) { return m.calls; });
  each("gantry_model_samples_total", "counter", "Samples computed.", [](const auto& m) { return m.samples; });
  each("gantry_model_batches_total", "counter", "Engine calls.", [](const auto& m) { return m.batches; });
  each("gantry_model_retries_total", "counter", "Engine calls repeated with a part of a failed batch.",
       [](const auto& m) { return m.retries; });
  each("gantry_model_answers_dropped_total", "counter", "Answers of a backend after the deadline, or a second time.",
       [](const auto& m) { return m.answers_dropped; });
  each("gantry_model_waiting", "gauge", "Calls that wait for an instance of the engine.",
       [](const auto& m) { return m.waiting; });
  each("gantry_model_running", "gauge", "Engine calls that run now.", [](const auto& m) { return m.running; });
  each("gantry_model_instances", "gauge", "Engine calls that can run at a time.",
       [](const auto& m) { return m.instances; });
  each("gantry_model_max_merged", "gauge",
       "Largest number of samples that may share an engine call; 1: samples are not merged.",
       [](const auto& m) { return m.max_merged; });
  each("gantry_model_paying_batch", "gauge", "Batch size with the shortest time per sample, as measured so far.",
       [](const auto& m) { return m.paying_batch; });
  each("gantry_model_ready", "gauge", "1 if the model is ready, 0 if health() names a reason why it is not.",
       [](const auto& m) { return m.health.is_ready ? 1 : 0; });
  out.family("gantry_model_memory_bytes", "gauge", "Memory of the model, by kind; 0 if unknown.");
  for (const ModelStats& model : models) {
    out.sample({{"model", model.name}, {"kind", "weights"}}, static_cast<double>(model.memory.weights_bytes));
    out.sample({{"model", model.name}, {"kind", "retained"}}, static_cast<double>(model.memory.retained_bytes));
    out.sample({{"model", model.name}, {"kind", "in_use"}}, static_cast<double>(model.memory.in_use_bytes));
  }
  out.family("gantry_model_failures_total", "counter", "Calls that failed, by class.");
  for (const ModelStats& model : models) {
    out.sample({{"model", model.name}, {"class", "bad_input"}}, static_cast<double>(model.bad_inputs));
    out.sample({{"model", model.name}, {"class", "model"}}, static_cast<double>(model.model_errors));
    out.sample({{"model", model.name}, {"class", "resource"}}, static_cast<double>(model.resource_errors));
  }
  out.family("gantry_model_rejects_total", "counter", "Calls that were not computed, by reason.");
  for (const ModelStats& model : models)
    for (std::size_t i = kFirstReason; i < kRejectReasons; ++i)
      out.sample({{"model", model.name}, {"reason", to_string(static_cast<ErrorReason>(i))}},
                 static_cast<double>(model.rejects[i]));
  const auto histograms = [&](const char* name, const char* help, auto member) {
    out.family(name, "histogram", help);
    for (const ModelStats& model : models) out.histogram({{"model", model.name}}, model.*member);
  };
  out.family("gantry_model_batch_samples", "histogram", "Samples of engine calls.");
  for (const ModelStats& model : models) out.octaves({{"model", model.name}}, model.batch_sizes, model.samples);
  histograms("gantry_model_queue_seconds", "Time from the arrival of a call to the start of its batch.",
             &ModelStats::queue_wait);
  histograms("gantry_model_compute_seconds", "Time of engine calls.", &ModelStats::compute);
  histograms("gantry_model_gather_seconds",
             "Time for stacking the inputs and splitting the outputs of batches that several calls share.",
             &ModelStats::gather);
}

/// `version` is a label of its own, left out where there is none: an objective covers all versions or one.
PrometheusText::Labels labels_of(const PipelineStats& pipeline) {
  PrometheusText::Labels labels{{"pipeline", pipeline.name}};
  if (!pipeline.version.empty()) labels.emplace_back("version", pipeline.version);
  return labels;
}

void write_pipelines(PrometheusText& out, const std::vector<PipelineStats>& pipelines) {
  out.family("gantry_pipeline_requests_total", "counter",
             "Inputs that the pipeline received; a batch counts each of its inputs.");
  for (const PipelineStats& pipeline : pipelines)
    out.sample(labels_of(pipeline), static_cast<double>(pipeline.requests));
  out.family("gantry_pipeline_errors_total", "counter", "Inputs that failed, by error code.");
  for (const PipelineStats& pipeline : pipelines)
    for (std::size_t i = kFirstCode; i < kErrorCodes; ++i) {
      auto labels = labels_of(pipeline);
      labels.emplace_back("code", to_string(static_cast<ErrorCode>(i)));
      out.sample(labels, static_cast<double>(pipeline.errors[i]));
    }
  out.family("gantry_pipeline_seconds", "histogram", "Time from the call to the result, of inputs that did not fail.");
  for (const PipelineStats& pipeline : pipelines) out.histogram(labels_of(pipeline), pipeline.time);
  const auto each_stage = [&](const char* name, const char* type, const char* help, auto write) {
    out.family(name, type, help);
    for (const PipelineStats& pipeline : pipelines)
      for (const StageStats& stage : pipeline.stages) {
        auto labels = labels_of(pipeline);
        labels.emplace_back("stage", stage.name);
        labels.emplace_back("path", stage.path);
        write(labels, stage);
      }
  };
  each_stage("gantry_stage_samples_total", "counter", "Samples that entered the stage.",
             [&](const auto& labels, const auto& stage) { out.sample(labels, static_cast<double>(stage.samples)); });
  each_stage("gantry_stage_errors_total", "counter", "Samples that failed in the stage.",
             [&](const auto& labels, const auto& stage) { out.sample(labels, static_cast<double>(stage.errors)); });
  each_stage("gantry_stage_seconds", "histogram",
             "Time in a stage, once a batch, waiting for a model included; of stages that run as one step under the "
             "first.",
             [&](const auto& labels, const auto& stage) {
               if (stage.fused_into.empty()) out.histogram(labels, stage.time);
             });
}

}  // namespace

std::size_t Histogram::bucket_of(std::uint64_t ns) noexcept {
  if (ns < kSteps) return static_cast<std::size_t>(ns);
  const std::size_t octave = detail::floor_log2(ns);
  const std::size_t step = static_cast<std::size_t>(ns >> (octave - 2)) & (kSteps - 1);
  return std::min((octave - 1) * kSteps + step, kBuckets - 1);
}

std::uint64_t Histogram::upper_bound_of(std::size_t bucket) noexcept {
  if (bucket < kSteps) return bucket;
  const std::size_t octave = bucket / kSteps + 1;
  return ((kSteps + bucket % kSteps + 1) << (octave - 2)) - 1;
}

std::chrono::nanoseconds Histogram::quantile(double q) const noexcept {
  if (count == 0) return std::chrono::nanoseconds::zero();
  const double wanted = std::clamp(q, 0.0, 1.0) * static_cast<double>(count);
  std::uint64_t below = 0;
  std::size_t bucket = 0;
  for (; bucket + 1 < kBuckets; ++bucket) {
    below += counts[bucket];
    if (below > 0 && static_cast<double>(below) >= wanted) break;
  }
  return std::chrono::nanoseconds(upper_bound_of(bucket));
}

Histogram& Histogram::operator+=(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts[i] += other.counts[i];
  count += other.count;
  sum_ns += other.sum_ns;
  return *this;
}

std::string to_prometheus(const RuntimeStats& stats) {
  PrometheusText out;
  const auto single = [&](const char* name, const char* type, const char* help, double value) {
    out.family(name, type, help);
    out.sample({}, value);
  };
  out.family("gantry_build_info", "gauge", "1, with the version of gantry that runs.");
  out.sample({{"version", version()}}, 1);
  single("gantry_workers", "gauge", "Workers allowed to run now.", stats.workers);
  single("gantry_effective_cpus", "gauge", "CPUs this process may use: affinity, cpuset and quota.",
         stats.effective_cpus);
  single("gantry_cpu_periods_total", "counter", "Quota periods in which something ran.",
         static_cast<double>(stats.cpu_periods));
  single("gantry_cpu_throttled_periods_total", "counter", "Quota periods that ended with the quota used up.",
         static_cast<double>(stats.cpu_throttled_periods));
  single("gantry_cpu_throttled_seconds_total", "counter",
         "Time for which the kernel stopped threads because the quota was used up, summed over CPUs.",
         static_cast<double>(stats.cpu_throttled.count()) * 1e-9);
  single("gantry_memory_limit_bytes", "gauge",
         "The smaller of physical memory and the control groups' limits; 0 if unknown.",
         static_cast<double>(stats.memory_limit_bytes));
  single("gantry_memory_usage_bytes", "gauge", "Memory that counts against the limit, without the file cache.",
         static_cast<double>(stats.memory_usage_bytes));
  single("gantry_requests_in_flight", "gauge", "Requests admitted and not answered yet.",
         static_cast<double>(stats.in_flight));
  single("gantry_requests_queued", "gauge", "Requests in flight that have not begun.",
         static_cast<double>(stats.queued));
  single("gantry_requests_total", "counter", "Requests admitted.", static_cast<double>(stats.requests));
  single("gantry_deadline_misses_total", "counter", "Admitted requests that were not answered before their deadline.",
         static_cast<double>(stats.deadline_misses));
  out.family("gantry_rejects_total", "counter", "Requests that were not computed, by reason.");
  for (std::size_t i = kFirstReason; i < kRejectReasons; ++i)
    out.sample({{"reason", to_string(static_cast<ErrorReason>(i))}}, static_cast<double>(stats.rejects[i]));
  out.family("gantry_queue_age_seconds", "histogram", "Time from admission to the start on a worker.");
  out.histogram({}, stats.queue_age);
  write_models(out, stats.models);
  write_pipelines(out, stats.pipelines);
  return out.take();
}

}  // namespace gantry::inline GANTRY_ABI

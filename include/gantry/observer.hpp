// SPDX-License-Identifier: Apache-2.0
// Observer: told what became of each request and where its time went; what a tracer such as OpenTelemetry is fed from.
//
//   RuntimeOptions options;
//   options.observer = std::make_shared<MyTracer>();      // derives from gantry::Observer
//
// A span is told once it has ended, with both its times, and belongs to a request. To a tracer that wants parents
// first, the request is the parent of its other spans: on_request() is called before them, and what it returns comes
// with each. examples/04_tracing writes OpenTelemetry's file format so.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <gantry/error.hpp>
#include <gantry/export.hpp>
#include <gantry/span.hpp>
#include <gantry/trace_parent.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// What happened between a span's begin and its end.
enum class SpanKind : std::uint8_t {
  kRequest,     ///< a call of a pipeline, from its begin to its result; refused ones included
  kQueue,       ///< the request waited for a worker
  kStage,       ///< a stage, or several that run as one step; one in `each`, `fork` or `when` lies within theirs
  kModelQueue,  ///< a call of a model waited for an instance, or was refused there
  kEngineCall,  ///< the engine computed a batch, which may be of several requests
};

/// The kind's name: "request", "queue", "stage", "model_queue", "engine_call".
GANTRY_API const char* to_string(SpanKind kind) noexcept;

/// What Observer::on_request() knows of a request. References are good until it returns.
struct RequestStart {
  std::string_view pipeline;          ///< CompileOptions::name, "pipeline" if there is none
  std::optional<TraceParent> parent;  ///< RunOptions::trace_parent, if that is valid
  std::string_view tenant;
  std::size_t samples = 1;  ///< of run_batch(): its inputs
  std::chrono::steady_clock::time_point began{};
  /// Of a pipeline that runs within another one's request, with the same observer: what on_request() returned for that;
  /// otherwise nullptr.
  std::shared_ptr<void> outer;
};

/// Something that has ended. References are good until Observer::on_span() returns.
struct EndedSpan {
  SpanKind kind = SpanKind::kRequest;
  std::string_view name;  ///< the pipeline's, the stage's ("a | b" for a fused step), or the model's
  std::string_view path;  ///< of a stage: "pipeline[3].do[1]"; otherwise empty
  std::chrono::steady_clock::time_point began{};
  std::chrono::steady_clock::time_point ended{};
  std::size_t samples = 1;       ///< in it; of an engine call: the size of the batch
  std::size_t failed = 0;        ///< of these
  const Error* error = nullptr;  ///< why, of the first of them; nullptr if none failed
  /// What on_request() returned for the request; of an engine call: for each call in the batch, so a request with
  /// several calls in it comes several times.
  Span<const std::shared_ptr<void>> requests{};
};

/// A host's own class that is told of requests; RuntimeOptions::observer.
///
/// Ownership: shared with the runtime and the requests in flight; it must hold no handle of that runtime, nor of models
///            or pipelines on it, or none of them ever ends.
/// Threads:   must be thread-safe. on_request() and the end of run() and run_batch() come on the calling thread,
///            everything else on the thread that did it: a worker, the caller where it helps, in caller execution or
///            where submit() refuses, and whoever shuts the runtime down. No lock of gantry's is held.
/// Errors:    must not throw; what it throws is dropped, and the request goes on.
/// Cost:      not set: one branch at each place. Set: one allocation and one copy of the options a request, and what
///            the functions themselves take, which the request waits for.
class GANTRY_API Observer {
 public:
  virtual ~Observer();

  /// A pipeline was called; nothing else of this request was told before. Returns what the request's spans shall come
  /// with; nullptr, or an exception: nothing more is told of this request, nor of pipelines that run within it, which
  /// is how to sample.
  virtual std::shared_ptr<void> on_request(const RequestStart& request) = 0;

  /// Of each request that on_request() returned something for, kRequest comes exactly once, and last; only a request
  /// whose caller stopped waiting at its deadline may have spans that end later.
  virtual void on_span(const EndedSpan& span) = 0;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

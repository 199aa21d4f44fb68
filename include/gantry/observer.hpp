// SPDX-License-Identifier: Apache-2.0
// Observer: is told what happened to each request and where its time went; feeds a tracer such as OpenTelemetry.
//
//   RuntimeOptions options;
//   options.observer = std::make_shared<MyTracer>();      // derives from gantry::Observer
//
// The library reports a span after it has ended, with both its times, and for its request. For a tracer that needs
// parents first, the request is the parent of its other spans: on_request() comes before them, and each of them carries
// its return value. examples/04_tracing writes OpenTelemetry's file format this way.
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
  kRequest,     ///< a call of a pipeline, from its begin to its result; includes refused calls
  kQueue,       ///< the request waited for a worker
  kStage,       ///< a stage, or several that run as one step; spans within `each`, `fork` or `when` lie within theirs
  kModelQueue,  ///< a model's call waited for an instance, or was refused there
  kEngineCall,  ///< the engine computed a batch, possibly of several requests
};

/// The kind's name: "request", "queue", "stage", "model_queue", "engine_call".
GANTRY_API const char* to_string(SpanKind kind) noexcept;

/// What Observer::on_request() gets about a request. References are valid until it returns.
struct RequestStart {
  std::string_view pipeline;          ///< CompileOptions::name, "pipeline" if there is none
  std::optional<TraceParent> parent;  ///< RunOptions::trace_parent, if it is valid
  std::string_view tenant;
  std::size_t samples = 1;  ///< for run_batch(): the number of inputs
  std::chrono::steady_clock::time_point began{};
  /// If the pipeline runs within another pipeline's request, with the same observer: the value that on_request()
  /// returned for that request; otherwise nullptr.
  std::shared_ptr<void> outer;
};

/// A span that has ended. References are valid until Observer::on_span() returns.
struct EndedSpan {
  SpanKind kind = SpanKind::kRequest;
  std::string_view name;  ///< the pipeline's, the stage's ("a | b" for a fused step), or the model's
  std::string_view path;  ///< for a stage: "pipeline[3].do[1]"; otherwise empty
  std::chrono::steady_clock::time_point began{};
  std::chrono::steady_clock::time_point ended{};
  std::size_t samples = 1;       ///< in the span; for an engine call: the batch size
  std::size_t failed = 0;        ///< of these, failed ones
  const Error* error = nullptr;  ///< the error of the first failed sample; nullptr if none failed
  /// The value that on_request() returned for the request. For an engine call: one value for each call in the batch, so
  /// a request with several calls in the batch appears several times.
  Span<const std::shared_ptr<void>> requests{};
};

/// Base class of the host application's observers; see RuntimeOptions::observer.
///
/// Ownership: shared with the runtime and the requests in flight; it must not hold a handle of that runtime, or of
///            models or pipelines on it: none of them would ever be destroyed.
/// Threads:   must be thread-safe. on_request() and the end of run() and run_batch() come on the calling thread,
///            everything else on the thread that did the work: a worker; the caller if it helps, in caller execution,
///            or if submit() refuses; the thread that shuts the runtime down. The library holds no lock.
/// Errors:    must not throw; the library drops exceptions, and the request continues.
/// Cost:      not set: one branch per report. Set: one allocation and one copy of the options per request, and the time
///            of the functions themselves, which the request waits for.
class GANTRY_API Observer {
 public:
  virtual ~Observer();

  /// A pipeline was called; this is the first report of the request. Returns a value that each span of the request will
  /// carry. nullptr, or an exception: the library reports nothing more of this request, nor of pipelines that run
  /// within it; use this for sampling.
  virtual std::shared_ptr<void> on_request(const RequestStart& request) = 0;

  /// For each request for which on_request() returned a value, kRequest comes exactly once, and last. If the caller
  /// stopped waiting at its deadline, spans of the request may still end later.
  virtual void on_span(const EndedSpan& span) = 0;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

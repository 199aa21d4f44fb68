// SPDX-License-Identifier: Apache-2.0
// remote: a model, or a whole pipeline, that a server computes, used like one in this process. Needs gantry::remote.
//
//   Model model = remote::connect_model("http://models:8080", "affine").value();
//   auto chain = image::decode() | ... | model.stage() | softmax();
//
//   // in place of open<Bytes, Classes>("models/cat-or-dog/3", engines)
//   auto pipeline = remote::connect_pipeline<Bytes, Classes>("http://a:8080,http://b:8080", "cat-or-dog").value();
//   Classes classes = pipeline.run(jpeg, {within(50ms)}).value();
//
// The server speaks Open Inference Protocol v2 over HTTP with binary tensors: gantry-server (examples/server), or
// another one. No worker waits for it: one thread of the model's own sends calls and receives answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gantry/any_pipeline.hpp>
#include <gantry/model.hpp>
#include <gantry/model_options.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <gantry/result.hpp>
#include <gantry/runtime.hpp>
#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace remote {

/// How to reach the hosts, and what to do when one does not answer.
struct GANTRY_API ConnectionOptions {
  /// The version of the model; empty: the one that the server takes, usually the newest.
  std::string version;
  /// Name in messages and stats; empty: the name on the server.
  std::string name;
  /// The runtime whose stats and health list the model, and whose shutdown ends its connections. Its clock measures
  /// deadlines and pauses. Unset: the shared runtime.
  std::optional<Runtime> runtime;

  /// For a connection to be made, and the server to say what the model is.
  std::chrono::milliseconds connect_timeout{2000};
  /// For the answer to a call without a deadline; it then fails with deadline_exceeded.
  std::chrono::milliseconds timeout{60000};
  /// Connections to each host; as many calls run there at a time, and others wait. 1..65536.
  int max_connections = 64;
  /// A connection that was idle for longer is not used again: servers close it, too.
  std::chrono::milliseconds idle_timeout{60000};

  /// How often a call is sent again at most; 0..100. Only what is safe is repeated: no connection; a connection that
  /// ended before the first byte of an answer; a 503 that says when to try again, or that the request was not computed
  /// and another host is there.
  int max_retries = 2;
  /// Each call adds this part of a retry to the budget of all calls; 0..1. Without budget nothing is repeated.
  double retry_ratio = 0.1;
  /// The budget at first, and at most; 0..1000000.
  double retry_burst = 20;
  /// False for a model whose runs change its state: what was sent completely or in part is then never sent again.
  bool is_idempotent = true;

  /// After so many failures in a row a host gets no calls, for `open_time`; then one connection tries it. Each failed
  /// trial doubles the time, up to 30 s. A call that reached its deadline without an answer counts as a failure.
  int breaker_failures = 5;
  std::chrono::milliseconds open_time{1000};

  /// Larger answers are refused with model_error, and never read.
  std::size_t max_answer_bytes = std::size_t{256} << 20;
  std::size_t max_header_bytes = std::size_t{16} << 10;
};

/// Of a model.
struct GANTRY_API Options : ConnectionOptions {
  /// What the model must be: names, dtypes and shapes. A server's metadata must fit it, and has no names of dimensions;
  /// these come from here. Unset: made of the metadata. There, the first dimension is "batch" if the server's config
  /// of the model says that it takes batches, and each other open dimension is a symbol of its own.
  std::optional<Signature> signature;

  /// Maximum samples of one pipeline's batch, list or run_batch() that share a request; 1..65536. No more than the
  /// server's config says.
  int max_batch = 16;
  /// Whether samples may share a request. Unset: they do if the server's config says that it takes batches, since it
  /// then merges requests as it likes; otherwise as Merge::kProven, which tests it on `examples`.
  std::optional<Merge> merge;
  /// Inputs as real calls pass them, for Merge::kProven.
  std::vector<Tensors> examples;
};

/// Of a whole pipeline.
struct GANTRY_API PipelineOptions : ConnectionOptions {
  /// The codecs by which payloads are written and read; unset: Registry::builtin().
  std::optional<Registry> registry;
  /// Of a pipeline over tensors: its inputs or outputs, where the server does not know them, since no model is at that
  /// end. They are those of a sample.
  std::optional<Signature> signature;
};

/// Connects to a model of a server.
///
/// `addresses`: "http://HOST[:PORT]" or "unix:PATH"; several hosts of the same model are separated by commas. A call
/// goes to the host with the fewest calls in progress. One host must answer now; all that answer must have the same
/// signature. Others are tried again later.
///
/// The model takes and gives what its signature says: contiguous tensors on the CPU, outputs in new memory. With each
/// call go its remaining time (X-Request-Timeout-Ms), priority (X-Priority), tenant (X-Tenant) and trace (traceparent).
/// A call that is cancelled, or reaches its deadline, closes its connection, by which the server learns of it.
///
/// On each new connection the server is asked for the signature again, also when the version of an answer is another
/// one than before. If the signature is another one, the host gets no calls, and its calls fail with
/// failed_precondition.
///
/// Ownership: the model has the connections and the thread. They end with its last copy, or with its runtime; both may
///            wait for a name that is being looked up.
/// Threads:   thread-safe. The call blocks until the hosts have answered, or for Options::connect_timeout.
/// Errors:    invalid_argument for a malformed address or an option out of range; unavailable if no host answers;
///            failed_precondition if hosts, or Options::signature, differ; unsupported for a model with inputs or
///            outputs that are no tensors (BYTES), which connect_pipeline() takes. Of calls: the server's error with
///            its code and reason; unavailable if no host can be reached, or the connection is lost; model_error for an
///            answer that is malformed, too large, or disagrees with the signature.
/// Cost:      a round trip for a new connection. Inputs are sent from their own memory, outputs are copied once.
///            Cancellation is noticed within 5 ms. A model without a call in progress uses no CPU time.
GANTRY_API Result<Model> connect_model(const std::string& addresses, const std::string& model,
                                       const Options& options = {});

/// Connects to a pipeline of a server: a package that gantry-server serves. It takes and gives the payloads that the
/// pipeline takes and gives there: a photo's Bytes in, Classes out; or tensors, of a sample. The server says which
/// payloads these are; the codecs of PipelineOptions::registry write and read them, with every float's bits.
///
/// An input goes as it is if it is Bytes, and as JSON or .npy by its codec; an output comes as JSON, but tensors come
/// as tensors. Hosts, connections, retries and what goes with each call are those of connect_model(). Each sample is a
/// request of its own, which a host's runtime batches with others.
///
/// Ownership: the pipeline shares the connections and the thread, which end with its last copy, or with the runtime.
/// Threads:   thread-safe. The call blocks as connect_model() does.
/// Errors:    those of connect_model(). unsupported, with the payload's name: its codec is not in the registry, or
///            cannot be sent (it reads neither JSON nor .npy) or read (it reads no JSON: Image, Bytes), or it is a
///            tuple, whose types the call with C++ types states. failed_precondition for a server that does not say
///            which payloads it takes. Of calls: those of the pipeline there, and those of a remote model.
/// Cost:      that of connect_model(); writing and reading JSON.
GANTRY_API Result<AnyPipeline> connect_pipeline(const std::string& addresses, const std::string& pipeline,
                                                const PipelineOptions& options = {});

}  // namespace remote

namespace detail {
struct ConnectedPipeline {
  std::shared_ptr<const PipelineCore> core;
  std::shared_ptr<const PipelineOrigin> origin;
};
/// `in` and `out` may be nullptr: then the types that the server says.
GANTRY_API Result<ConnectedPipeline> connect_pipeline(const std::string& addresses, const std::string& pipeline,
                                                      const TypeInfo* in, const TypeInfo* out,
                                                      const remote::PipelineOptions& options);
}  // namespace detail

namespace remote {

/// The same with C++ types, which must be those of the pipeline. They may be those of a tuple, and are enough for a
/// server that does not say which payloads it takes. Errors: as above; invalid_argument for other types.
template <class In, class Out>
Result<Pipeline<In, Out>> connect_pipeline(const std::string& addresses, const std::string& pipeline,
                                           const PipelineOptions& options = {}) {
  auto connected =
      detail::connect_pipeline(addresses, pipeline, &detail::type_of<In>(), &detail::type_of<Out>(), options);
  if (!connected) return std::move(connected).error();
  return Pipeline<In, Out>(std::move(connected->core), std::move(connected->origin));
}

}  // namespace remote
}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// ModelOptions: where and how a model runs.
//
//   gantry::ModelOptions options;
//   options.max_batch = 32;
//   auto model = gantry::libtorch::load("net.ts", signature, options);
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gantry/device.hpp>
#include <gantry/engine_options.hpp>
#include <gantry/model_file.hpp>
#include <gantry/padding.hpp>
#include <gantry/runtime.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// When samples may share an engine call: samples of several callers, of Pipeline::run_batch() and of `each` alike. A
/// call of Model::run() with several samples is the caller's own batch, and runs as it is.
enum class Merge : std::uint8_t {
  /// If a test has shown that no sample's answer depends on the others. A package contains this test, and open()
  /// repeats it on two golden inputs; for a bare model file the test uses ModelOptions::examples.
  kProven,
  kNever,
  /// The host application guarantees it. If it is wrong (dynamic quantisation, batch statistics, a softmax over the
  /// batch, random numbers), a sample's answer depends on the other samples of its batch.
  kAssume,
};

struct ModelOptions {
  /// Where the model runs. There is no fallback: a missing device is failed_precondition.
  Device device = Device::cpu();
  /// The largest number of samples in one engine call; 1..65536. 0: the value of the model's package, or 16.
  int max_batch = 0;
  /// Whether samples may share an engine call. They never do if the engine writes to its inputs, the model keeps state,
  /// or the signature has no batch axis. Pipeline::explain() says why samples are not merged.
  Merge merge = Merge::kProven;
  /// Inputs as real calls pass them, exactly as the signature states, each with one or more samples. They warm up a
  /// bare model file and serve the test of Merge::kProven: each sample of an example with several *different* samples
  /// is compared with the same sample alone, and again beside samples in which every floating-point number is NaN, the
  /// only made-up input. The number of merged samples stays within the largest such example, since larger batches are
  /// untested. For a package, its golden inputs are used unless examples are given.
  std::vector<Tensors> examples;
  /// Calls of several callers may share an engine call of up to `max_batch` samples, if `merge` allows it and their
  /// samples have the same shapes. When an instance becomes free, the waiting calls form a batch, as large as
  /// measurements show to be faster than one call at a time. Loading measures each batch size two or three times, on
  /// the inputs of the merge test, for at most 2.5 s (not with `warmup_runs` 0). Sizes that loading did not measure are
  /// tried when that many samples wait. Later, less than 1 % of the samples go into batches that measure again.
  bool batch_across_callers = true;
  /// Maximum time that a call waits for others to share a batch; shorter if its deadline requires it. 0: no wait.
  /// Useful for few callers and a model that is much faster in batches. 0..10 s.
  std::chrono::microseconds max_delay{0};
  /// Sequences of different lengths share batches, padded to a few lengths. Unset: only equal shapes share batches.
  std::optional<Padding> padding;
  /// An engine call that takes longer counts as hanging: health() reports it, and the model refuses calls until it
  /// returns. 0: no limit.
  std::chrono::milliseconds hang_after{60000};
  /// Runs of the first example, or of a package's golden input, before load returns: profiling executors optimise on
  /// the second run. There are none without examples, and none for a model that keeps state. 0..100.
  int warmup_runs = 3;
  /// Concurrent engine calls. 0: one per worker of the runtime, or 1 for a model that keeps state. Each instance has
  /// its own copy of such state.
  int instances = 0;
  /// Name in messages; empty: the file's name.
  std::string name;
  /// Unset: the shared runtime.
  std::optional<Runtime> runtime;
  /// Options of single engines, by kind: `engine_options["aoti"].set("scratch_dir", "/var/tmp")`; libtorch::Options has
  /// those of LibTorch. An engine refuses unknown options, and loading refuses options of an engine that does not load
  /// the model.
  std::map<std::string, EngineOptions> engine_options;
  /// How engines that use the model file in place access it; LibTorch's engines read it into memory of their own.
  FileMemory file_memory = FileMemory::kCopied;
  /// An instance that has been idle for this long releases the memory it keeps for its next run. A worker of the
  /// runtime wakes up to do so. In caller execution there is no worker: the memory stays until the host calls
  /// libtorch::release_idle_activation_memory(), or the model is destroyed. 0 disables the timer in pooled execution
  /// too. 0..1 day.
  std::chrono::milliseconds release_memory_after{5000};
};

}  // namespace GANTRY_ABI
}  // namespace gantry

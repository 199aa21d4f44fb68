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

/// When samples may share an engine call. It covers calls of several callers, Pipeline::run_batch() and `each` alike.
/// A call of Model::run() with several samples is the host's own batch, and is computed as it is.
enum class Merge : std::uint8_t {
  /// Where each sample's answer has been shown not to depend on the others: by the package, which open() repeats on two
  /// of its golden inputs; of a bare model file, by ModelOptions::examples.
  kProven,
  kNever,
  /// The host says so. Where it is wrong (dynamic quantisation, batch statistics, a softmax over the batch, random
  /// numbers), answers depend on who shares a batch.
  kAssume,
};

struct ModelOptions {
  /// Where the model runs. Nothing falls back: a missing device is failed_precondition.
  Device device = Device::cpu();
  /// Samples that share an engine call at most; 1..65536. 0: what the model's package says, or 16.
  int max_batch = 0;
  /// Whether samples may share an engine call at all. Never where the engine writes to its inputs, where the model
  /// keeps state, or where the signature has no batch axis. Pipeline::explain() says why samples are not merged.
  Merge merge = Merge::kProven;
  /// Inputs as calls bring them, exactly as the signature states, each with one or more samples. They warm a bare model
  /// file up, and prove what Merge::kProven asks for: every sample of an example of several *different* samples is
  /// compared with the same sample alone, and once more beside samples of which every floating-point number is NaN, the
  /// only input that is made up. No more samples are merged than the largest such example has, since larger
  /// batches have not been shown to work. Of a package, golden inputs serve instead, unless these are given.
  std::vector<Tensors> examples;
  /// Calls of several callers whose samples have the same shapes may share an engine call, of up to `max_batch`
  /// samples, where `merge` allows it: what waits when an instance is free goes together, as far as that is faster than
  /// one by one, which is measured: each size is tried two or three times, on the inputs that proved the model, for
  /// 2.5 s at most as it is loaded (not with `warmup_runs` 0); beyond that, when that many samples wait. Less than a
  /// hundredth of the samples later go into batches that look again.
  bool batch_across_callers = true;
  /// How long a call may wait for others to share a batch with; less if its deadline demands it. 0: not at all. Pays
  /// where few callers meet a model that is much faster in batches. 0..10 s.
  std::chrono::microseconds max_delay{0};
  /// Sequences of different lengths share batches, padded to a few lengths. Unset: only equal shapes do.
  std::optional<Padding> padding;
  /// An engine call that takes longer counts as hanging: health() says so, and the model takes no calls until it has
  /// returned. 0: no bound.
  std::chrono::milliseconds hang_after{60000};
  /// Runs of the first example, or of a package's golden input, before the model is handed out (profiling executors
  /// optimise on run 2). None without examples, nor of a model that keeps state. 0..100.
  int warmup_runs = 3;
  /// Engine calls at a time. 0: one per worker of the runtime; 1 of a model that keeps state, which has a copy of it
  /// for each instance.
  int instances = 0;
  /// Name in messages; empty: the file's name.
  std::string name;
  /// Unset: the shared runtime.
  std::optional<Runtime> runtime;
  /// What engines can be told beyond this, by kind: `engine_options["aoti"].set("scratch_dir", "/var/tmp")`. Those of
  /// LibTorch: libtorch::Options. An engine refuses what it does not know, and so
  /// does whoever loads a model those for an engine that does not load it.
  std::map<std::string, EngineOptions> engine_options;
  /// For engines that use a model's file where it lies; those of LibTorch read it into memory of their own.
  FileMemory file_memory = FileMemory::kCopied;
  /// An instance that has run nothing for so long gives back what it keeps for its next run; a worker of the runtime
  /// wakes up for that, and sleeps on once nothing is kept. In caller execution there is no worker: what is kept stays
  /// until the host asks the engine for it (libtorch::release_idle_activation_memory()), or the model ends. 0: so in
  /// pooled execution, too. 0..1 day.
  std::chrono::milliseconds release_memory_after{5000};
};

}  // namespace gantry

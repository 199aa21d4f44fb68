// SPDX-License-Identifier: Apache-2.0
// The LibTorch engines: TorchScript files and AOTInductor packages. Needs gantry::torch.
//
//   Model model = libtorch::load("net.ts", signature, options).value();
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gantry/engine_loader.hpp>
#include <gantry/engine_options.hpp>
#include <gantry/model.hpp>
#include <gantry/model_options.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace libtorch {

/// What the LibTorch engines can be told, of either kind: for ModelOptions::engine_options.
///
///   libtorch::Options torch;
///   torch.libraries = {"/opt/operators/libnms.so"};
///   torch.apply_to(options);                                  // of ModelOptions, or of OpenOptions::model
struct GANTRY_API Options {
  /// Fixed values of arguments of TorchScript's forward() that are not tensors, by name: {"sr", 16000}; at most 64. Of
  /// a package: in addition to its own, which go before these. An AOTInductor package has them compiled in.
  OptionValue::Object arguments;
  /// Shared libraries with operators that the model needs (torchvision::nms), loaded before it, into the process and
  /// for good. They are code. A package names its own.
  std::vector<std::string> libraries;
  /// An AOTInductor package that does not say what it was compiled for, as gantry-pack's do, is refused. Such code
  /// checks nothing: where the signature differs from what was compiled, it reads and writes out of bounds, gives
  /// garbage or ends the process, a bad index may end the process, it may use more threads than the budget allows and
  /// print on stderr. true: the host vouches for it.
  bool trust_unverified_code = false;
  /// On the CPU: keep the memory of a run's large intermediate results (from 64 KiB) for the next run, rather than give
  /// it back to the system and page it in again. Costs each instance at most 256 MiB beyond what it computes in, and no
  /// more than its last 16 runs used, until it has been idle for ModelOptions::release_memory_after. The first engine
  /// that keeps memory puts an allocator in front of LibTorch's own, for the process, which passes on all that is not
  /// allocated in a run. EfficientNet-lite0: 1.5 times as fast at a batch of 1, twice at 8.
  bool retain_activation_memory = true;
  /// A directory that code of AOTInductor packages is unpacked into; empty: $TMPDIR, or else /tmp. Must allow
  /// execution.
  std::string scratch_dir;
  /// How TorchScript runs on the CPU, and goes before what a package says: "frozen", as LibTorch freezes it;
  /// "channels_last", pads folded into convolutions, which compute in that layout; "fused", that, with weights packed
  /// for the signature's sizes and activations computed within convolutions. Answers differ by rounding. Which one is
  /// the fastest depends on the model and the CPU; gantry-pack measures it. A model that cannot have it is refused: one
  /// that keeps state, writes to its inputs, cannot be frozen or has no 2-D convolution. Empty: the package's, or
  /// "frozen".
  std::string plan;

  /// What differs from the defaults. Of these a package may set `arguments`, `libraries` and `plan` alone.
  operator EngineOptions() const;
  /// Sets them for both kinds, "torchscript" and "aoti"; `plan` for TorchScript alone.
  void apply_to(ModelOptions& options) const;
};

/// Loads a TorchScript file (.ts, .pt) or an AOTInductor package (.pt2), told apart by content. The file is code: load
/// only what you trust. Errors: not_found; invalid_argument (not a model, or its arguments do not fit the signature);
/// failed_precondition (device not usable; AOTInductor package built for another ISA or LibTorch, or not by
/// gantry-pack; scratch directory mounted noexec; a library of operators that cannot be loaded); unsupported (an
/// operator that nothing here defines: see Options::libraries); model_error (fails on ModelOptions::examples).
/// Thread-safe. Cost: seconds; weights are read once.
///
/// Names: inputs are matched with the model's arguments, and outputs with what it gives, by name if every name of the
/// signature is one of the model's, by position if none is; anything between is invalid_argument. A tensor in a tuple,
/// list or dict is called by its path, keys of dicts, field names of named tuples, else indices: the output of nn.LSTM
/// is "0", "1.0", "1.1". EngineInfo::matching says which it was.
///
/// A TorchScript module runs as in Python, its hooks included, with these differences: what it prints goes nowhere, and
/// what it forks (torch.jit.fork) runs on the thread that runs the model, one part after the other.
///
/// On a GPU convolutions of float32 are computed in float32, not in TensorFloat-32, which LibTorch allows by default.
/// Traced TorchScript carries that permission in its convolutions; it is taken out of them as the file is loaded. For
/// all others it is a setting of the process, switched off where this is the first to load LibTorch's CUDA library; a
/// host that prefers speed sets at::globalContext().setAllowTF32CuDNN(true) after the first load.
///
/// The first load on the CPU, unless Options::retain_activation_memory is off, puts an allocator in front of
/// LibTorch's, with c10::SetCPUAllocator() and priority 0, for the memory that engines keep from run to run. Outside of
/// gantry's runs it passes everything on to the one it found: a host's tensors come from where they came from. Where
/// the host has set an allocator with a higher priority, or sets another one later, the host's stays and engines keep
/// no more memory. As SetCPUAllocator() is not synchronised, a host that uses LibTorch on other threads loads its first
/// model before.
GANTRY_API Result<Model> load(const std::string& path, const Signature& signature, const ModelOptions& options = {});

/// The large blocks of memory (from 64 KiB) that all instances on the CPU computed in.
struct ActivationMemory {
  std::size_t bytes_held = 0;    ///< kept for the next run
  std::size_t bytes_in_use = 0;  ///< in runs that go on, and in outputs that the host holds
  std::uint64_t hits = 0;        ///< blocks that were there
  std::uint64_t misses = 0;      ///< blocks that were fetched
};

/// Of the instances that exist, those of a model alone: Runtime::stats(). Thread-safe. Cost: a lock per instance.
GANTRY_API ActivationMemory activation_memory();

/// Gives back what instances keep that have run nothing for `older_than`; the number of bytes. Where a runtime has
/// workers, these do it (ModelOptions::release_memory_after); a host needs this in caller execution, or if it cannot
/// wait for them. Thread-safe.
GANTRY_API std::size_t release_idle_activation_memory(std::chrono::milliseconds older_than);

/// The engines that open() may use: "torchscript" and, where LibTorch has it, "aoti".
GANTRY_API EngineList engines();

/// LibTorch's version: "2.15.0".
GANTRY_API std::string version();

}  // namespace libtorch
}  // namespace GANTRY_ABI
}  // namespace gantry

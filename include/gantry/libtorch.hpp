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

/// Options of the LibTorch engines, of both kinds: for ModelOptions::engine_options.
///
///   libtorch::Options torch;
///   torch.libraries = {"/opt/operators/libnms.so"};
///   torch.apply_to(options);                                  // of ModelOptions, or of OpenOptions::model
struct GANTRY_API Options {
  /// Fixed values of TorchScript forward() arguments that are not tensors, by name: {"sr", 16000}; at most 64. A
  /// package's own arguments are added, and override these. An AOTInductor package has its arguments compiled in.
  OptionValue::Object arguments;
  /// Shared libraries with operators that the model needs (torchvision::nms). Loaded before the model, into the
  /// process, and never unloaded. They are code. A package names its own.
  std::vector<std::string> libraries;
  /// An AOTInductor package that does not state what it was compiled for, as gantry-pack's do, is refused. Its code
  /// checks nothing: if the signature differs from the compiled one, it reads and writes out of bounds, returns garbage
  /// or ends the process; a bad index may end the process; it may use more threads than the budget and print on stderr.
  /// true: the host application vouches for the package.
  bool trust_unverified_code = false;
  /// On the CPU: keeps the memory of a run's large intermediate results (from 64 KiB) for the next run instead of
  /// returning it to the system and paging it in again. Each instance keeps at most 256 MiB beyond its current use, and
  /// at most what its last 16 runs used, until it was idle for ModelOptions::release_memory_after. The first such
  /// engine installs an allocator in front of LibTorch's, for the whole process; it forwards allocations outside of
  /// runs. EfficientNet-lite0: 1.5 times as fast at a batch of 1, twice at 8.
  bool retain_activation_memory = true;
  /// The directory for unpacking the code of AOTInductor packages; empty: $TMPDIR, else /tmp. Must allow
  /// execution.
  std::string scratch_dir;
  /// How TorchScript runs on the CPU; overrides the package. "frozen": as LibTorch freezes the model;
  /// "channels_last": pads are folded into convolutions, which compute in that layout; "fused": in addition, weights
  /// are packed for the signature's sizes and activations are computed within convolutions. Results differ by
  /// rounding. The fastest plan depends on the model and the CPU; gantry-pack measures it. Refused if impossible: the
  /// model keeps state, writes to its inputs, cannot be frozen, or has no 2-D convolution. Empty: the package's plan,
  /// or "frozen".
  std::string plan;

  /// The options that differ from the defaults. A package may set only `arguments`, `libraries` and `plan`.
  operator EngineOptions() const;
  /// Sets the options for both kinds, "torchscript" and "aoti"; `plan` for TorchScript only.
  void apply_to(ModelOptions& options) const;
};

/// Loads a TorchScript file (.ts, .pt) or an AOTInductor package (.pt2), detected by content. The file is code: load
/// only files that you trust. Errors: not_found; invalid_argument (not a model, or its arguments do not fit the
/// signature); failed_precondition (device not usable; AOTInductor package built for another ISA or LibTorch, or not by
/// gantry-pack; scratch directory mounted noexec; a library of operators that cannot be loaded); unsupported (an
/// undefined operator: see Options::libraries); model_error (fails on ModelOptions::examples). Thread-safe. Cost:
/// seconds; weights are read once.
///
/// Names: the signature's inputs are matched with the model's arguments, and its outputs with the model's results: by
/// name if every name of the signature is one of the model's, by position if none is; otherwise invalid_argument. A
/// tensor in a tuple, list or dict is named by its path: dict keys, field names of named tuples, else indices. The
/// output of nn.LSTM is "0", "1.0", "1.1". EngineInfo::matching says which match was used.
///
/// A TorchScript module runs as in Python, including its hooks, with two differences: its prints are discarded, and
/// forked code (torch.jit.fork) runs on the thread that runs the model, one part after the other.
///
/// On a GPU, convolutions of float32 compute in float32, not in TensorFloat-32, which LibTorch allows by default.
/// Traced TorchScript stores that permission in its convolutions; loading removes it. For all other models it is a
/// setting of the process, which gantry disables if it is the first to load LibTorch's CUDA library. A host application
/// that prefers speed calls at::globalContext().setAllowTF32CuDNN(true) after the first load.
///
/// The first load on the CPU, unless Options::retain_activation_memory is false, installs an allocator in front of
/// LibTorch's, with c10::SetCPUAllocator() and priority 0, for the memory that engines keep between runs. Outside of
/// gantry's runs it forwards everything to the previous allocator, so the host's tensors come from the same place as
/// before. If the host has set an allocator with a higher priority, or sets another one later, that one stays, and
/// engines keep no more memory. SetCPUAllocator() is not synchronised: a host that uses LibTorch on other threads must
/// load its first model before.
GANTRY_API Result<Model> load(const std::string& path, const Signature& signature, const ModelOptions& options = {});

/// The large blocks of memory (from 64 KiB) in which all instances on the CPU computed.
struct ActivationMemory {
  std::size_t bytes_held = 0;    ///< kept for the next run
  std::size_t bytes_in_use = 0;  ///< in current runs, and in outputs that the host application holds
  std::uint64_t hits = 0;        ///< blocks that were reused
  std::uint64_t misses = 0;      ///< blocks that were newly allocated
};

/// Totals of the existing instances; Runtime::stats() has those of one model. Thread-safe. Cost: a lock per instance.
GANTRY_API ActivationMemory activation_memory();

/// Releases the memory kept by instances idle for `older_than`; returns the number of bytes. A runtime's workers do
/// this (ModelOptions::release_memory_after); a host application needs it in caller execution, or to release memory
/// earlier. Thread-safe.
GANTRY_API std::size_t release_idle_activation_memory(std::chrono::milliseconds older_than);

/// The engines for open(): "torchscript" and, if LibTorch supports it, "aoti".
GANTRY_API EngineList engines();

/// LibTorch's version: "2.15.0".
GANTRY_API std::string version();

}  // namespace libtorch
}  // namespace GANTRY_ABI
}  // namespace gantry

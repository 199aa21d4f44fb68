// SPDX-License-Identifier: Apache-2.0
// Package: a directory that holds a model with its pre- and postprocessing, and the proof that they are right.
//
//   auto pipeline = open<Bytes, Classes>("models/cat-or-dog/3", engines);
//
// Opening checks the signature (if keys are given), the manifest, every file's size and SHA-256, loads the model,
// builds the pipeline, and runs the golden cases recorded from the Python stack. Only then is the pipeline handed out.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gantry/any_pipeline.hpp>
#include <gantry/engine_loader.hpp>
#include <gantry/package_info.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// An Ed25519 public key.
struct GANTRY_API PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  /// From a PEM file ("BEGIN PUBLIC KEY") as gantry-pack --generate-key writes it. invalid_argument for another kind.
  static Result<PublicKey> load(const std::string& path);
};

/// When a package's golden cases run as it is opened.
enum class Golden : std::uint8_t {
  /// All of them, each time.
  kAlways,
  /// All of them the first time. That they passed is remembered in OpenOptions::golden_cache; whoever opens the same
  /// package again, with the same engines, options, versions and kind of CPU, runs the first case alone, and finds out
  /// nothing anew about batches. Where that case fails, all run as if nothing were remembered. An open that was
  /// interrupted leaves nothing behind that counts.
  kFirstTime,
};

struct OpenOptions {
  /// Unset: of each model the first engine that is usable here and passes its golden cases; set: that kind or an error.
  std::optional<std::string> engine;
  /// The same for single models, by name; goes before `engine`.
  std::map<std::string, std::string> engines;
  /// Where and how models run. What is not set here comes from the package: `max_batch`, `padding`, `name`.
  ModelOptions model;
  /// For single models, by name, instead of `model`.
  std::map<std::string, ModelOptions> models;
  /// Models of the host's own, by the names of the package's that they stand for, whose engines are then not loaded:
  /// one that several packages share, or a remote one. The signature must be the package's. Golden cases run on them,
  /// too, so one that keeps state is refused.
  std::map<std::string, Model> host_models;
  /// Not empty: the package must carry a signature by one of these keys.
  std::vector<PublicKey> trusted_keys;
  /// The ops that a package may use, and the codecs of its payloads; unset: Registry::builtin().
  std::optional<Registry> registry;
  Golden golden = Golden::kAlways;
  /// With Golden::kFirstTime: a directory of the host's own for what passed, a small file for each package. Whoever can
  /// write to it can say that a package passed, so it must belong to this user or to root, and not be writable for
  /// everybody. It is made, for this user alone, if its parent is there. Where nothing can be written, all cases run
  /// each time, and PackageInfo::golden_note says why.
  std::string golden_cache;
  /// What else the answers depend on, such as the version of the host's ops: a record counts for one tag alone. With a
  /// `registry`, Golden::kFirstTime demands one.
  std::string golden_tag;
  /// For tests only: hands out a pipeline whose answers were not checked.
  bool skip_golden_for_tests = false;
};

namespace detail {
struct OpenedPackage {
  std::shared_ptr<const PipelineCore> core;
  std::shared_ptr<const PipelineOrigin> origin;
};
/// The only engine to consider for a model: its place in the model's `engines`, as two may be of one kind.
struct EngineChoice {
  std::string model;
  std::size_t index = 0;
};

/// `in` and `out` may be nullptr: whatever the package's pipeline takes and gives.
GANTRY_API Result<OpenedPackage> open_package(const std::string& directory, const TypeInfo* in, const TypeInfo* out,
                                              const EngineList& engines, const OpenOptions& options,
                                              const std::optional<EngineChoice>& choice = {});
}  // namespace detail

/// Opens a package with the engines given. Each model begins with its first engine that loads. Where golden cases go
/// wrong at a model, or behind it and before the next, its next engine is tried; where none is left, or no model is at
/// fault, that is the error. Errors: not_found, invalid_argument (manifest; In or Out do not fit), failed_precondition
/// (integrity, signature, golden mismatch, missing device), unsupported (no usable engine). Thread-safe. Cost: reads
/// every file once, loads the model, runs the golden cases at batch 1, on all workers, and at max_batch; see
/// OpenOptions::golden.
template <class In, class Out>
Result<Pipeline<In, Out>> open(const std::string& directory, const EngineList& engines,
                               const OpenOptions& options = {}) {
  auto opened = detail::open_package(directory, &detail::type_of<In>(), &detail::type_of<Out>(), engines, options);
  if (!opened) return std::move(opened).error();
  return Pipeline<In, Out>(std::move(opened->core), std::move(opened->origin));
}

/// The same for whatever the package's pipeline takes and gives.
GANTRY_API Result<AnyPipeline> open_any(const std::string& directory, const EngineList& engines,
                                        const OpenOptions& options = {});

}  // namespace GANTRY_ABI
}  // namespace gantry

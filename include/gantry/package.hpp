// SPDX-License-Identifier: Apache-2.0
// Package: a directory with a model, its pre- and postprocessing, and recorded cases that prove them right.
//
//   auto pipeline = open<Bytes, Classes>("models/cat-or-dog/3", engines);
//
// Opening checks the signature (if keys are given), the manifest, and every file's size and SHA-256; loads the model,
// builds the pipeline, and runs the golden cases recorded from the Python stack. open() returns only after all that.
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
  /// Reads a PEM file ("BEGIN PUBLIC KEY") as gantry-pack --generate-key writes it. invalid_argument for other kinds.
  static Result<PublicKey> load(const std::string& path);
};

/// When open() runs a package's golden cases.
enum class Golden : std::uint8_t {
  /// All of them, each time.
  kAlways,
  /// All of them on the first open; OpenOptions::golden_cache records that they passed. A later open of the same
  /// package, with the same engines, options, versions and kind of CPU, runs only the first case and does not test
  /// batches again. If that case fails, all cases run as if there were no record. An interrupted open leaves no valid
  /// record.
  kFirstTime,
};

struct OpenOptions {
  /// Unset: for each model the first engine that is usable here and passes its golden cases. Set: only that kind.
  std::optional<std::string> engine;
  /// The same for single models, by name; overrides `engine`.
  std::map<std::string, std::string> engines;
  /// Where and how models run. Fields not set here come from the package: `max_batch`, `padding`, `name`.
  ModelOptions model;
  /// Options of single models, by name; they replace `model`.
  std::map<std::string, ModelOptions> models;
  /// Models of the host application, by the names of the package's models that they replace, whose engines are then not
  /// loaded: for example a model shared by several packages, or a remote one. Its signature must equal the package's.
  /// Golden cases run on it too, so a model that keeps state is refused.
  std::map<std::string, Model> host_models;
  /// If not empty, the package must carry a signature by one of these keys.
  std::vector<PublicKey> trusted_keys;
  /// The ops that a package may use, and the codecs of its payloads; unset: Registry::builtin().
  std::optional<Registry> registry;
  Golden golden = Golden::kAlways;
  /// With Golden::kFirstTime: the host application's directory for the records, one small file per package. A process
  /// that can write there can claim that a package passed, so the directory must belong to this user or root and not be
  /// world-writable. It is created for this user only, if its parent exists. If it is not writable, all cases run each
  /// time, and PackageInfo::golden_note says why.
  std::string golden_cache;
  /// What else the answers depend on, such as the version of the host application's ops: a record is valid for one tag
  /// only. Required by Golden::kFirstTime with a `registry`.
  std::string golden_tag;
  /// For tests only: returns a pipeline whose answers were not checked.
  bool skip_golden_for_tests = false;
};

namespace detail {
struct OpenedPackage {
  std::shared_ptr<const PipelineCore> core;
  std::shared_ptr<const PipelineOrigin> origin;
};
/// The only engine to consider for a model: its index in the model's `engines`, since two may have the same kind.
struct EngineChoice {
  std::string model;
  std::size_t index = 0;
};

/// `in` and `out` may be nullptr: then the types of the package's pipeline.
GANTRY_API Result<OpenedPackage> open_package(const std::string& directory, const TypeInfo* in, const TypeInfo* out,
                                              const EngineList& engines, const OpenOptions& options,
                                              const std::optional<EngineChoice>& choice = {});
}  // namespace detail

/// Opens a package with the given engines. Each model starts with its first engine that loads. If golden cases fail at
/// a model, or after it and before the next model, its next engine is tried; if none is left, or no model is at fault,
/// open() returns the error. Errors: not_found, invalid_argument (manifest; In or Out do not fit), failed_precondition
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

/// The same for a pipeline whose types are known only at run time.
GANTRY_API Result<AnyPipeline> open_any(const std::string& directory, const EngineList& engines,
                                        const OpenOptions& options = {});

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// ModelCandidate: a model of a package being opened, with the engine that will serve it if its golden cases pass.
#pragma once

#include <gantry/package.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "package/golden_record.hpp"
#include "package/manifest.hpp"
#include "package/package_files.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The context that all models of a package share while it is opened.
struct OpeningContext {
  const Manifest& manifest;
  const std::string& manifest_sha256;  ///< of its bytes
  const PackageFiles& files;
  const EngineList& loaders;
  const OpenOptions& options;
  Runtime runtime;
};

/// Ownership: owns the loaded engine; borrows the manifest's entry and the context.
/// Threads:   one thread.
/// Errors:    name the engine, and the model if the package has several; if no engine is left, all rejected engines
///            with their reasons.
/// Cost:      loads an engine once, for any number of models.
class ModelCandidate {
 public:
  /// `index`: the index in `engines` of the only engine to consider.
  ModelCandidate(const ModelEntry& entry, const OpeningContext& context, std::optional<std::size_t> index);

  /// Loads the first engine that can be loaded.
  Result<void> choose();
  /// Rejects the loaded engine, and loads the next one that can be loaded.
  Result<void> pass_over(const Error& why);

  /// A private model of up to `instances` instances, to run golden cases one by one.
  Result<Model> make_alone(int instances) const;
  /// The model that will serve. `inputs` are used to warm up, to prove that samples are independent, and to measure
  /// batches; with `recorded`, earlier results are used instead.
  Result<Model> make_serving(const std::vector<Tensors>& inputs, const RecordedModel* recorded) const;

  const std::string& name() const { return entry_.name; }
  /// True for a model with state, for which each golden case needs a new instance.
  bool has_state() const;
  /// The index in `engines` of the loaded engine.
  std::size_t engine_index() const;
  /// True for a model of the host, which is used as given.
  bool is_given() const { return given_ != nullptr; }
  /// Everything except what only a Model knows.
  PackageModel info() const;
  /// `error` with the name of the engine, and of the model if there are several.
  Error here(const Error& error) const;

 private:
  Result<void> load_next();
  Result<std::shared_ptr<Engine>> load(const EngineEntry& engine) const;
  bool is_considered(std::size_t index) const;
  Error nothing_left() const;
  Error of_this_model(const Error& error) const;

  const ModelEntry& entry_;
  const OpeningContext& context_;
  std::optional<std::size_t> index_;
  std::optional<std::string> kind_;  // the only one to consider
  ModelOptions options_;             // the host's options; for the rest the package's
  const Model* given_ = nullptr;
  std::size_t next_ = 0;  // index of the next engine
  const EngineEntry* chosen_ = nullptr;
  std::shared_ptr<Engine> engine_;
  std::vector<std::string> skipped_;
  std::optional<Error> last_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

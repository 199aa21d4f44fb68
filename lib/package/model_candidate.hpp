// SPDX-License-Identifier: Apache-2.0
// ModelCandidate: a model of a package while it is opened, with the engine that will serve it unless golden cases speak
// against it.
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

/// What all models of a package that is being opened look at.
struct OpeningContext {
  const Manifest& manifest;
  const std::string& manifest_sha256;  ///< of its bytes
  const PackageFiles& files;
  const EngineList& loaders;
  const OpenOptions& options;
  Runtime runtime;
};

/// Ownership: owns the engine that is loaded; borrows the manifest's entry and the context.
/// Threads:   one thread.
/// Errors:    name the engine, and the model where the package has several; where no engine is left, all that were
///            passed over with their reasons.
/// Cost:      an engine is loaded once, however many models are made of it.
class ModelCandidate {
 public:
  /// `index`: the place in `engines` of the only one to consider.
  ModelCandidate(const ModelEntry& entry, const OpeningContext& context, std::optional<std::size_t> index);

  /// Loads the first engine that can be.
  Result<void> choose();
  /// Passes over the engine that is loaded, and loads the next one that can be.
  Result<void> pass_over(const Error& why);

  /// For golden cases one by one: up to `instances`, of which nobody else knows.
  Result<Model> make_alone(int instances) const;
  /// To serve. `inputs` warm it up, prove that its samples are independent, and are tried in batches; with `recorded`,
  /// what was found out then is taken.
  Result<Model> make_serving(const std::vector<Tensors>& inputs, const RecordedModel* recorded) const;

  const std::string& name() const { return entry_.name; }
  /// Of a model with state each golden case needs a new one.
  bool has_state() const;
  /// The place in `engines` of the one that is loaded.
  std::size_t engine_index() const;
  /// True for the host's own, which is as it is.
  bool is_given() const { return given_ != nullptr; }
  /// Without what a Model knows.
  PackageModel info() const;
  /// `error` with the engine's name, and the model's where there are several.
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
  ModelOptions options_;             // what the host says, and for the rest the package
  const Model* given_ = nullptr;
  std::size_t next_ = 0;  // of the engines
  const EngineEntry* chosen_ = nullptr;
  std::shared_ptr<Engine> engine_;
  std::vector<std::string> skipped_;
  std::optional<Error> last_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// PackageOpener: opens a package with verified files: builds its pipeline, and checks its results with the golden
// cases.
#pragma once

#include <gantry/package.hpp>
#include <optional>
#include <string>
#include <vector>

#include "package/golden_check.hpp"
#include "package/golden_record.hpp"
#include "package/model_candidate.hpp"
#include "package/package_pipeline.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Each model starts with its first engine that loads. If golden cases fail with an engine, its model continues with
/// the next one, so there are at most as many attempts as engines. With a record of an earlier opening
/// (OpenOptions::golden), uses the engines that passed then, and the recorded results about batches.
///
/// Ownership: borrows the context.
/// Threads:   one thread.
/// Errors:    those of gantry::open(), without the package's name.
/// Cost:      that of gantry::open(), once the files are verified.
class PackageOpener {
 public:
  /// `in` and `out`: nullptr accepts any type. `choice`: the only engine to consider for a model; then no record is
  /// read or written.
  PackageOpener(const OpeningContext& context, const TypeInfo* in, const TypeInfo* out,
                const std::optional<EngineChoice>& choice);

  Result<OpenedPackage> open();

 private:
  /// A pipeline with the loaded engines.
  struct Built {
    std::shared_ptr<const PipelineCore> core;
    std::vector<PipelineInput> inputs;
    PackageInfo info;
    std::vector<std::size_t> merged;  ///< by model: samples that may share an engine call
  };

  void begin(const GoldenRecord* record);
  Result<Built> open_whole();
  Result<Built> attempt();
  Result<Built> attempt_remembered(const GoldenRecord& record);
  Result<void> choose();
  Result<GoldenCheck> check_alone(const std::vector<GoldenCase>& cases);
  Result<GoldenCheck> load_golden(const Built& built, const std::vector<GoldenCase>& cases) const;
  Result<Built> build_alone(std::size_t cases);
  Result<Built> build_serving(const GoldenCheck* golden, const GoldenRecord* record);
  void blame(const std::string& name);
  void blame_for_batches(const GoldenCheck& golden);
  template <class Make>
  Result<ModelsByName> make_models(Make make);
  Result<Built> build(const ModelsByName& models);
  GoldenRecord record_of(const Built& built) const;
  OpenedPackage finished(Built built) const;
  CompileOptions compile_options() const;
  bool has_state() const;

  const OpeningContext& context_;
  const Manifest& manifest_;
  const TypeInfo* in_;
  const TypeInfo* out_;
  const std::optional<EngineChoice> choice_;
  const Registry registry_;
  std::vector<ModelCandidate> models_;
  ModelsByName serving_;                  // of the last attempt
  ModelCandidate* at_fault_ = nullptr;    // of the last attempt
  const GoldenRecord* record_ = nullptr;  // models_ began with it
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// Runs golden cases: each alone, comparing every stage boundary, and then all together through the pipeline that will
// serve.
#pragma once

#include <cstddef>
#include <gantry/pipeline.hpp>
#include <gantry/result.hpp>
#include <gantry/span.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "package/golden_case.hpp"
#include "package/golden_compare.hpp"
#include "pipeline/config_tensors.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The golden cases of a package, with their inputs loaded.
///
/// Ownership: owns the inputs; borrows the cases and files.
/// Threads:   one thread.
/// Errors:    failed_precondition for a result that differs, and the errors of a run; the path names the case and the
///            boundary.
/// Cost:      a run for each case alone, and one of all together.
class GoldenCheck {
 public:
  /// unsupported if the pipeline's input cannot be copied; invalid_argument if a recorded input cannot stand for it.
  /// `in` is the pipeline's In, `inputs` are its inputs: one, or several that In is a tuple of, or Tensors.
  static Result<GoldenCheck> load(const TypeInfo& in, const std::vector<PipelineInput>& inputs,
                                  const std::vector<GoldenCase>& cases, const Codecs& codecs,
                                  const PackageFiles& files);

  std::size_t size() const { return inputs_.size(); }
  /// Runs one case at batch 1, through the unfused plan, and compares every boundary.
  Result<void> run_alone(const PipelineCore& pipeline, std::size_t index);
  /// The same for each case, in parallel on the idle workers of `runtime`, the pipeline's runtime. If several fail, the
  /// first one is reported.
  Result<void> run_all_alone(const PipelineCore& pipeline, RuntimeCore& runtime);
  /// Runs all, replicated to `max_batch` at least, and compares the results.
  Result<void> run_together(const PipelineCore& pipeline, int max_batch) const;

  /// What was compared by run_alone() and run_all_alone().
  std::size_t boundaries() const { return boundaries_; }
  /// After run_alone() failed: the last model that had run, which is the likely cause; empty if none had run.
  const std::string& model_at_fault() const { return model_at_fault_; }
  /// The inputs that run_alone() gave to a model: different ones, up to 64 MiB.
  const std::vector<Tensors>& model_inputs(const std::string& name) const;

 private:
  using InputsByModel = std::map<std::string, std::vector<Tensors>>;
  /// Of one case alone.
  struct Outcome {
    std::optional<Error> error;
    std::string last_model;  ///< that had run when `error` was found
    std::size_t boundaries = 0;
    InputsByModel model_inputs;
  };
  Outcome run_case(const PipelineCore& pipeline, std::size_t index) const;
  Result<void> take(std::size_t index, Outcome outcome);

  GoldenCheck(const std::vector<GoldenCase>& cases, GoldenCodecs codecs) : cases_(cases), codecs_(std::move(codecs)) {}

  const std::vector<GoldenCase>& cases_;
  GoldenCodecs codecs_;
  std::vector<Value> inputs_;
  std::size_t boundaries_ = 0;
  std::string model_at_fault_;
  InputsByModel model_inputs_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// Runs golden cases: first each alone, comparing every stage boundary; then all together through the pipeline that will
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
/// Cost:      one run per case alone, and one run of all together.
class GoldenCheck {
 public:
  /// unsupported if the pipeline's input cannot be copied; invalid_argument if a recorded input does not fit its type.
  /// `in` is the pipeline's In. `inputs` are its inputs: one, or several if In is a tuple or Tensors.
  static Result<GoldenCheck> load(const TypeInfo& in, const std::vector<PipelineInput>& inputs,
                                  const std::vector<GoldenCase>& cases, const Codecs& codecs,
                                  const PackageFiles& files);

  std::size_t size() const { return inputs_.size(); }
  /// Runs one case at batch 1, through the unfused plan, and compares every boundary.
  Result<void> run_alone(const PipelineCore& pipeline, std::size_t index);
  /// The same for each case, in parallel on the idle workers of `runtime`, the pipeline's runtime. If several fail, the
  /// first one is reported.
  Result<void> run_all_alone(const PipelineCore& pipeline, RuntimeCore& runtime);
  /// Runs all cases together, repeated to at least `max_batch`, and compares the results.
  Result<void> run_together(const PipelineCore& pipeline, int max_batch) const;

  /// The number of boundaries compared by run_alone() and run_all_alone().
  std::size_t boundaries() const { return boundaries_; }
  /// After run_alone() failed: the last model that ran, which is the likely cause; empty if none ran.
  const std::string& model_at_fault() const { return model_at_fault_; }
  /// The distinct inputs that run_alone() gave to a model, up to 64 MiB.
  const std::vector<Tensors>& model_inputs(const std::string& name) const;

 private:
  using InputsByModel = std::map<std::string, std::vector<Tensors>>;
  /// The result of one case alone.
  struct Outcome {
    std::optional<Error> error;
    std::string last_model;  ///< the last one that ran before `error`
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

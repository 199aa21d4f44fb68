// SPDX-License-Identifier: Apache-2.0
// Running golden cases: each alone, with every boundary compared, and then together through what will serve.
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
/// Errors:    failed_precondition for an answer that differs, and whatever a run gives; the path names case and
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
  /// The same for each, as many at a time as `runtime`, which is the pipeline's, has workers with nothing else to do.
  /// Of several that fail the first one counts.
  Result<void> run_all_alone(const PipelineCore& pipeline, RuntimeCore& runtime);
  /// Runs all, replicated to `max_batch` at least, and compares the results.
  Result<void> run_together(const PipelineCore& pipeline, int max_batch) const;

  /// What was compared by run_alone() and run_all_alone().
  std::size_t boundaries() const { return boundaries_; }
  /// Where run_alone() failed: the model that had run last, whose answer was wrong or led to what was; empty if none
  /// had.
  const std::string& model_at_fault() const { return model_at_fault_; }
  /// What a model was given by run_alone(): different inputs, as far as they fit into 64 MiB.
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

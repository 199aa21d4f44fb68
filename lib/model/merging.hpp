// SPDX-License-Identifier: Apache-2.0
// Merging: how many samples may share an engine call, and the reason for the limit.
#pragma once

#include <cstddef>
#include <gantry/engine.hpp>
#include <gantry/model_options.hpp>
#include <gantry/signature.hpp>
#include <gantry/tolerance.hpp>
#include <memory>
#include <optional>
#include <string>

#include "model/batch_sizes.hpp"
#include "model/row_samples.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// An earlier result of decide_merging() for the same model, engine and machine.
struct RememberedMerging {
  std::size_t limit = 1;
  std::string text;
};

/// What is known about batches of a model before it is loaded here.
struct BatchEvidence {
  std::string why_not;  ///< not empty: samples depend on each other, or it was not checked
  /// The largest batch that was compared when the package was made, so that only the smallest batch is run here. 0: not
  /// from a package; then batches of all ModelOptions::examples are run.
  std::size_t largest = 0;
  std::optional<RememberedMerging> remembered;  ///< if set, nothing is run
  std::optional<Tolerance> tolerance;           ///< tolerance of the comparison; unset: that of RowSamples
};

struct Merging {
  bool independent = false;                   ///< a call's samples may be computed together or separately
  std::size_t limit = 1;                      ///< samples that may share an engine call
  std::string text;                           ///< for explain(): "merges up to 16 samples, proven on 3 of them"
  std::shared_ptr<const RowSamples> samples;  ///< the samples that proved it, for further trials; nullptr: none
};

/// The limit is the largest of `sizes` that is allowed. `run` runs the engine on batches of samples from
/// ModelOptions::examples, one call at a time and only if the decision needs it. Errors: those of the engine for a
/// single example.
Result<Merging> decide_merging(const EngineInfo& info, const Signature& signature, const ModelOptions& options,
                               const BatchEvidence& evidence, const BatchSizes& sizes,
                               std::shared_ptr<const PaddingPlan> padding, const RowSamples::Run& run);

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// Merging: how many samples may share an engine call, and why no more.
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

/// What decide_merging() came to for the same model, engine and machine.
struct RememberedMerging {
  std::size_t limit = 1;
  std::string text;
};

/// What is known of a model's batches before it is loaded here.
struct BatchEvidence {
  std::string why_not;  ///< not empty: samples depend on each other, or nobody looked
  /// The largest batch that a package was shown to work with, so that only two samples are tried here; 0: it is bare,
  /// and all of ModelOptions::examples are.
  std::size_t largest = 0;
  std::optional<RememberedMerging> remembered;  ///< nothing is run then
  std::optional<Tolerance> tolerance;           ///< within which it was shown; unset: that of RowSamples
};

struct Merging {
  bool independent = false;                   ///< a call's samples may be computed together, and apart
  std::size_t limit = 1;                      ///< samples that may share an engine call
  std::string text;                           ///< for explain(): "merges up to 16 samples, proven on 3 of them"
  std::shared_ptr<const RowSamples> samples;  ///< that proved it, or may be tried; nullptr: none
};

/// No more are merged than the largest of `sizes` has that is allowed. `run` runs the engine, once at a time, on what
/// ModelOptions::examples are made of: they are run only where that is needed to decide. Errors: what the engine gives
/// for an example alone.
Result<Merging> decide_merging(const EngineInfo& info, const Signature& signature, const ModelOptions& options,
                               const BatchEvidence& evidence, const BatchSizes& sizes,
                               std::shared_ptr<const PaddingPlan> padding, const RowSamples::Run& run);

}  // namespace gantry::inline GANTRY_ABI::detail

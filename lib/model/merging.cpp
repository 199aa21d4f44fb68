// SPDX-License-Identifier: Apache-2.0
#include "model/merging.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/make_model.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kRowsOfPackage = 2;
constexpr std::size_t kRowsOfExamples = 16;

Merging apart(const std::string& why) {
  return {false, 1, "merges no samples: " + why, nullptr};
}

/// Why samples may not be merged, regardless of ModelOptions::merge; empty if they may.
std::string obstacle(const EngineInfo& info, const Signature& signature, const ModelOptions& options) {
  if (!signature.has_batch_axis()) return "the signature has no batch axis";
  for (std::size_t i = 0; i < signature.outputs().size(); ++i)
    if (!signature.has_rows(i))
      return "output '" + signature.outputs()[i].name + "' has no row for each sample, " +
             signature.outputs()[i].to_string();
  if (options.merge == Merge::kNever) return "ModelOptions::merge is kNever";
  if (info.mutates_inputs) return "the model may write to its inputs";
  if (info.has_state) return "the model keeps state from run to run";
  return {};
}

/// The smallest size above 1.
std::size_t smallest_of_several(const BatchSizes& sizes) {
  for (const std::size_t size : sizes.all())
    if (size >= 2) return size;
  return 2;
}

std::size_t largest_example(const ModelOptions& options) {
  std::size_t largest = 0;
  for (const Tensors& example : options.examples)
    largest = std::max(largest, static_cast<std::size_t>(example[0].tensor.shape()[0]));
  return largest;
}

/// If a model turns a NaN into an index, an accelerator may become unusable for the whole process. So NaN is not tried
/// there for a package: it was checked on packing that a NaN does not change other samples.
bool may_try_nan(const ModelOptions& options, const BatchEvidence& evidence) {
  return options.device.is_cpu() || evidence.largest == 0;
}

Result<std::shared_ptr<const RowSamples>> run_samples(const Signature& signature, const ModelOptions& options,
                                                      const BatchEvidence& evidence,
                                                      std::shared_ptr<const PaddingPlan> padding,
                                                      const RowSamples::Run& run) {
  GANTRY_ASSIGN_OR_RETURN(auto samples,
                          RowSamples::compute(signature, options.examples, evidence.tolerance, std::move(padding),
                                              evidence.largest ? kRowsOfPackage : kRowsOfExamples, run));
  return std::make_shared<const RowSamples>(std::move(samples));
}

}  // namespace

Result<Merging> decide_merging(const EngineInfo& info, const Signature& signature, const ModelOptions& options,
                               const BatchEvidence& evidence, const BatchSizes& sizes,
                               std::shared_ptr<const PaddingPlan> padding, const RowSamples::Run& run) {
  if (auto why = obstacle(info, signature, options); !why.empty()) return apart(why);
  const std::size_t max_batch = max_batch_of(options);
  const std::string in_sizes = sizes.are_fixed() ? ", in calls of " + sizes.to_string() : "";
  if (sizes.are_fixed() && sizes.all().back() == 1)  // each sample is computed alone, so none can depend on another
    return Merging{true, 1, "merges no samples: the engine computes one at a time", nullptr};
  if (options.merge == Merge::kAssume) {
    const std::size_t limit = std::max<std::size_t>(1, sizes.up_to(max_batch));
    return Merging{true, limit, "merges up to " + std::to_string(limit) + " samples, as the host assumes" + in_sizes,
                   nullptr};
  }
  if (evidence.remembered) {
    const RememberedMerging& known = *evidence.remembered;
    return Merging{known.limit > 1, known.limit, known.text, nullptr};
  }
  if (!evidence.why_not.empty()) return apart(evidence.why_not);
  if (info.draws_random) return apart("the model may draw random numbers");
  if (max_batch < 2) return apart("max_batch is 1");
  if (sizes.up_to(max_batch) < 2)
    return apart("the engine computes " + sizes.to_string() + " at a time, and max_batch is " +
                 std::to_string(max_batch));
  if (options.examples.empty())
    return apart(
        "it was not shown that samples do not depend on each other; give ModelOptions::examples one of several "
        "samples, or set ModelOptions::merge");
  const std::size_t shown = std::min(max_batch, evidence.largest ? evidence.largest : largest_example(options));
  if (shown < 2) return apart("no example has several samples, so no larger batch was shown to work");
  const std::size_t limit = sizes.up_to(shown);
  if (limit < 2)
    return apart("the engine computes " + sizes.to_string() + " at a time, and no more than " + std::to_string(shown) +
                 " were shown to work");
  GANTRY_ASSIGN_OR_RETURN(auto samples, run_samples(signature, options, evidence, std::move(padding), run));
  const RowSamples& rows = *samples;
  if (rows.size() < 2)
    return apart(
        "no two different samples of one shape are at hand to try it on; give gantry-pack, or "
        "ModelOptions::examples, another");
  if (!rows.not_repeatable().empty()) return apart(rows.not_repeatable());
  // For a package, larger batches were compared on packing, and its golden cases run as a batch before it serves.
  const std::size_t least = smallest_of_several(sizes);
  const std::size_t most = evidence.largest ? least : limit;
  for (const std::size_t size : std::set<std::size_t>{least, most})
    if (auto wrong = rows.try_batch(size, run)) return apart("samples depend on each other in " + *wrong);
  if (may_try_nan(options, evidence))
    if (auto wrong = rows.try_beside_nan(most, run)) return apart("samples depend on each other in " + *wrong);
  const std::string text = "merges up to " + std::to_string(limit) + " samples, proven on " +
                           std::to_string(rows.size()) + " of them" + in_sizes;
  return Merging{true, limit, text, std::move(samples)};
}

}  // namespace gantry::inline GANTRY_ABI::detail

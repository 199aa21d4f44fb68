// SPDX-License-Identifier: Apache-2.0
// Padding: sequences of different lengths share one batch, and each gets the answer that it gets alone.
//
//   options.padding = Padding{"T", {32, 128, 512}, {{"input_ids", 0}, {"attention_mask", 0}}};
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// How to make inputs that differ in one extent equal: the library pads each call after its last element to the next of
/// a few lengths, lets calls with the same padded length share a batch, and cuts outputs with that extent back to the
/// call's own. It pads a call in a batch and alone, so that its answer does not depend on others and the engine sees
/// few shapes. An input longer than the longest length runs unpadded.
///
/// The model must ignore padding: it needs an input that marks the real elements (an attention mask, which is padded
/// with 0), or must derive a mask from the pad value. The library cannot check that: padding changes the answers of a
/// model without a mask. Outputs without the extent are returned unchanged, so a mean over time must use the mask too.
///
/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    Model::make returns invalid_argument for violations of the rules below, for a signature without a batch
///            axis in every input and output, and for one with a size that only outputs have, since the library cannot
///            cut it back.
/// Cost:      one copy of each padded input, straight into the batch; one copy of a padded output if it has several
///            samples, or if the extent is not the first of a sample. The engine computes the padding too.
struct Padding {
  /// A symbol of the signature that an input has; not "batch".
  std::string dim;
  /// Lengths to pad to, 1..16777216, ascending, at most 1024. Empty: 16, 32, 64, ... 65536. None may exceed the model's
  /// limit (its position embedding): a shorter sequence would be padded to it.
  std::vector<std::int64_t> lengths;
  /// The pad value of each input; 0 for those not named. Only inputs that have the dimension. Must be exact in an
  /// integer type, bool (0, 1), f16 and bf16; in f32 within its range, and rounded. Infinities are allowed, NaN is not.
  std::map<std::string, double> values;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

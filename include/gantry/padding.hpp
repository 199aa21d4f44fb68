// SPDX-License-Identifier: Apache-2.0
// Padding: sequences of different lengths in one batch, each with the answer it has alone.
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

/// How inputs that differ in one extent are brought to the same: each call is padded behind its last element to the
/// next of a few lengths, calls that are padded to one length may share a batch, and outputs that have the extent are
/// cut back to the call's own. A call is padded in company and alone, so that its answer does not depend on others and
/// the engine sees few shapes. What is longer than the longest length runs as it is.
///
/// The model must not look at what is padded: it needs an input that says what is real (an attention mask, which is
/// padded with 0), or must make one of the pad value. Nothing can check that: padding changes the answers of a model
/// without a mask. Outputs without the extent are handed on as they are, so a mean over time must use the mask too.
///
/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    Model::make refuses with invalid_argument what the comments below rule out, a signature without a batch
///            axis in every input and output, or one with a size that only outputs have, since nobody knows how to cut
///            that back.
/// Cost:      one copy of each padded input, straight into the batch; one of a padded output of several samples, or of
///            one whose extent is not the first of a sample. The engine computes what is padded too.
struct Padding {
  /// A symbol of the signature that an input has, not "batch".
  std::string dim;
  /// Lengths to pad to, 1..16777216, ascending, at most 1024. Empty: 16, 32, 64, ... 65536. None may exceed what the
  /// model can take (its position embedding): a shorter sequence would be padded to it.
  std::vector<std::int64_t> lengths;
  /// What an input is padded with; those not named, with 0. Only inputs that have the dimension. Exact in an integer
  /// type, bool (0, 1), f16 and bf16; in f32 within its range, and rounded. Infinities are allowed, NaN is not.
  std::map<std::string, double> values;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

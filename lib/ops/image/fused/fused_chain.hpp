// SPDX-License-Identifier: Apache-2.0
// FusedChain: image.decode, geometric ops and image.to_tensor, as many as stand next to each other, as one function.
// What an image of a given size goes through is worked out when it comes; the pixels are then walked over once.
#pragma once

#include <gantry/call_context.hpp>
#include <gantry/image.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ops/image/fused/band_pass.hpp"
#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_source.hpp"
#include "ops/image/geometry.hpp"
#include "ops/image/tensor_tables.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: owns its parameters.
/// Threads:   immutable.
/// Errors:    those of the ops, each within its stage's name. The header of a file is read before its pixels, so of two
///            errors the geometry's may come first.
/// Cost:      run_pass() for each pass, and an image between two passes.
class FusedChain {
 public:
  struct GeometricOp {
    Resolve resolve;
    std::string label;
  };

  std::optional<image::Decode> decode;
  std::string decode_label;
  std::vector<GeometricOp> ops;
  std::optional<TensorTables> tables;
  std::string to_tensor_label;

  Result<Image> to_image(const Bytes& file, const CallContext& call) const;
  Result<Image> to_image(const Image& image, const CallContext& call) const;
  Result<Tensor> to_tensor(const Bytes& file, const CallContext& call) const;
  Result<Tensor> to_tensor(const Image& image, const CallContext& call) const;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// FusedChain: neighbouring image.decode, geometric ops and image.to_tensor as one function. The passes for an image are
// planned from its size when it comes; its pixels are then read once.
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
/// Errors:    those of the ops, each within its stage's name. A file's header is read before its pixels, so an error of
///            the geometry may come before one of the pixels.
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

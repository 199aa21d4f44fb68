// SPDX-License-Identifier: Apache-2.0
// FusedChain: image.decode, geometric ops and image.to_tensor, as many as stand next to each other, as one function.
// What an image of a given size goes through is worked out when it comes; the pixels are then walked over once.
#pragma once

#include <gantry/image.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ops/image/fused/band_pass.hpp"
#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_source.hpp"
#include "ops/image/geometry.hpp"
#include "ops/image/tensor_tables.hpp"

namespace gantry::detail {

/// Where the next tensor of a batch goes: samples of one shape lie one after the other in one block.
class BatchBlock {
 public:
  /// For up to `count` samples.
  explicit BatchBlock(std::size_t count) : left_(count) {}
  /// A tensor of its own, or the block's next place if the shape is the block's. The place is taken by confirm(); until
  /// then it is given out again.
  Result<Tensor> next(DType dtype, const Shape& shape);
  void confirm();

 private:
  std::size_t left_;
  std::optional<Tensor> block_;
  std::int64_t used_ = 0;
  bool is_from_block_ = false;
};

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

  Result<Image> to_image(const Bytes& file, const Context& context) const;
  Result<Image> to_image(const Image& image, const Context& context) const;
  Result<Tensor> to_tensor(const Bytes& file, BatchBlock& block, const Context& context) const;
  Result<Tensor> to_tensor(const Image& image, BatchBlock& block, const Context& context) const;
};

}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
// BatchBlocks: memory for the tensors that a stage makes of a batch's samples.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

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

/// A block for each tensor that a sample has.
///
/// Ownership: shares the blocks with the tensors.
/// Threads:   one thread.
/// Errors:    those of Tensor::make().
/// Cost:      one allocation a block.
class BatchBlocks {
 public:
  /// The next tensor of a sample, of which `left` come, with this one.
  Result<Tensor> next(DType dtype, const Shape& shape, std::size_t left);
  /// The sample has ended; its tensors are `kept`.
  void end_sample(bool kept);

 private:
  std::vector<BatchBlock> blocks_;
  std::size_t used_ = 0;  // by this sample
};

}  // namespace gantry::inline GANTRY_ABI::detail

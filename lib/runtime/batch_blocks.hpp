// SPDX-License-Identifier: Apache-2.0
// BatchBlocks: memory for the tensors that a stage makes from the samples of a batch.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Allocates one tensor per sample of a batch. Tensors of the same shape are contiguous in one block, so that they can
/// be used as a batch without a copy.
class BatchBlock {
 public:
  /// For up to `count` samples.
  explicit BatchBlock(std::size_t count) : left_(count) {}
  /// The block's next row if the block has this dtype and shape, else a tensor with its own memory. Without confirm(),
  /// the following call returns the same row again.
  Result<Tensor> next(DType dtype, const Shape& shape);
  void confirm();

 private:
  std::size_t left_;
  std::optional<Tensor> block_;
  std::int64_t used_ = 0;
  bool is_from_block_ = false;
};

/// One BatchBlock for each tensor of a sample.
///
/// Ownership: shares the blocks with the tensors.
/// Threads:   one thread.
/// Errors:    those of Tensor::make().
/// Cost:      one allocation a block.
class BatchBlocks {
 public:
  /// The next tensor of the current sample. `left`: samples still to come, including this one.
  Result<Tensor> next(DType dtype, const Shape& shape, std::size_t left);
  /// Ends the current sample. If it is not `kept`, the next sample reuses its rows.
  void end_sample(bool kept);

 private:
  std::vector<BatchBlock> blocks_;
  std::size_t used_ = 0;  // blocks used by the current sample
};

}  // namespace gantry::inline GANTRY_ABI::detail

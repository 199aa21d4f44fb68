// SPDX-License-Identifier: Apache-2.0
#include "runtime/batch_blocks.hpp"

#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

Result<Tensor> BatchBlock::next(DType dtype, const Shape& shape) {
  is_from_block_ = false;
  if (!block_ && left_ > 1 && shape.rank() < Shape::kMaxRank) {
    // If there is no memory for the whole block, each tensor gets its own: later samples may have other shapes, so the
    // block may not be needed.
    auto made = Tensor::make(dtype, shape.with_front(static_cast<std::int64_t>(left_)));
    if (made) block_ = *std::move(made);
  }
  if (!block_ || used_ >= block_->shape()[0] || block_->dtype() != dtype ||
      block_->shape() != shape.with_front(block_->shape()[0]))
    return Tensor::make(dtype, shape);
  is_from_block_ = true;
  return block_->select(0, used_);
}

void BatchBlock::confirm() {
  --left_;
  if (is_from_block_) ++used_;
}

Result<Tensor> BatchBlocks::next(DType dtype, const Shape& shape, std::size_t left) {
  if (used_ == blocks_.size()) blocks_.emplace_back(left);
  return blocks_[used_++].next(dtype, shape);
}

void BatchBlocks::end_sample(bool kept) {
  for (std::size_t i = 0; kept && i < used_; ++i) blocks_[i].confirm();
  used_ = 0;
}

}  // namespace gantry::inline GANTRY_ABI::detail

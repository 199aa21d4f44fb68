// SPDX-License-Identifier: Apache-2.0
// HeadKeypoints: the keypoints that a head gives beside its boxes, in tensors of their own.
#pragma once

#include <cstdint>
#include <gantry/detect/keypoints.hpp>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <optional>
#include <string>

#include "ops/detect/picture_area.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class HeadKeypoints {
 public:
  /// f32[count, K, 2], or f32[count, K, 3] with scores; `scores`: the name of f32[count, K], which goes before; empty:
  /// there is none. Without either a score is 1. invalid_argument for other tensors. No name: no keypoints.
  static Result<HeadKeypoints> find(const Tensors& outputs, const std::string& name, const std::string& scores,
                                    std::int64_t count);

  bool is_empty() const { return !points_; }
  /// Of a row; `area`: what they are shares of, nothing: they are pixels.
  Keypoints of(std::int64_t row, const std::optional<PictureArea>& area) const;

 private:
  std::optional<Tensor> points_;
  std::optional<Tensor> scores_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

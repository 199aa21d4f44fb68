// SPDX-License-Identifier: Apache-2.0
// HeadKeypoints: keypoints that a head gives beside its boxes, in separate tensors.
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
  /// `name`: f32[count, K, 2], or f32[count, K, 3] with scores; empty: no keypoints. `scores`: f32[count, K], takes
  /// precedence; empty: none. A score is 1 without either. invalid_argument for other tensors.
  static Result<HeadKeypoints> find(const Tensors& outputs, const std::string& name, const std::string& scores,
                                    std::int64_t count);

  bool is_empty() const { return !points_; }
  /// The keypoints of a row. `area`: what they are relative to; nullopt: pixels.
  Keypoints of(std::int64_t row, const std::optional<PictureArea>& area) const;

 private:
  std::optional<Tensor> points_;
  std::optional<Tensor> scores_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

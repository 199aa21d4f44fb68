// SPDX-License-Identifier: Apache-2.0
#include "ops/detect/head_keypoints.hpp"

#include <tuple>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/detect/head_tensor.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<HeadKeypoints> HeadKeypoints::find(const Tensors& outputs, const std::string& name, const std::string& scores,
                                          std::int64_t count) {
  HeadKeypoints keypoints;
  if (name.empty()) return keypoints;
  const Tensor* const found = outputs.find(name);
  const bool has_scores = found != nullptr && found->rank() == 3 && found->shape()[2] == 3;
  GANTRY_ASSIGN_OR_RETURN(keypoints.points_, head_tensor(outputs, name, {count, "K", has_scores ? 3 : 2}));
  if (scores.empty()) return keypoints;
  GANTRY_ASSIGN_OR_RETURN(keypoints.scores_, head_tensor(outputs, scores, {count, keypoints.points_->shape()[1]}));
  return keypoints;
}

Keypoints HeadKeypoints::of(std::int64_t row, const std::optional<PictureArea>& area) const {
  const std::int64_t count = points_->shape()[1], numbers = points_->shape()[2];
  const float* place = values_of(*points_) + row * count * numbers;
  std::vector<Keypoint> points(static_cast<std::size_t>(count));
  for (Keypoint& point : points) {
    point = {place[0], place[1], numbers == 3 ? place[2] : 1.0f};
    if (area) std::tie(point.x, point.y) = area->of(point.x, point.y);
    place += numbers;
  }
  if (scores_)
    for (std::int64_t i = 0; i < count; ++i)
      points[static_cast<std::size_t>(i)].score = values_of(*scores_)[row * count + i];
  return Keypoints(std::move(points));
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// DetectionColumns: boxes, scores and classes of detections as lists. taken(): detections in another order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/detect/detections.hpp>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

struct DetectionColumns {
  explicit DetectionColumns(const Detections& detections) {
    boxes.reserve(detections.size());
    scores.reserve(detections.size());
    classes.reserve(detections.size());
    for (const Detection& one : detections) {
      boxes.push_back(one.box);
      scores.push_back(one.score);
      classes.push_back(one.index);
    }
  }

  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<std::int64_t> classes;
};

/// The detections at `indices`, in that order. An index must not repeat.
inline Detections taken(Detections&& detections, const std::vector<std::size_t>& indices) {
  std::vector<Detection> entries;
  entries.reserve(indices.size());
  for (const std::size_t index : indices) entries.push_back(std::move(detections[index]));
  return Detections(std::move(entries));
}

}  // namespace gantry::inline GANTRY_ABI::detail

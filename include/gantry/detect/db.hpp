// SPDX-License-Identifier: Apache-2.0
// DB: finds lines of text in a text detector's probability map.
//
//   auto tail = detector.stage<Tensor, Tensor>() | detect::db({}) | detect::quads_to_picture({.round = true});
#pragma once

#include <cstdint>

#include <gantry/detect/quads.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

/// Postprocessing of Differentiable Binarization (PaddleOCR, ppocr/postprocess/db_postprocess.py, boxes_from_bitmap()),
/// used by PP-OCR's text detectors and others. The defaults are RapidOCR's.
struct Db {
  float threshold = 0.3f;      ///< values above it are text; 0..1
  bool dilate = true;          ///< text grows by one pixel to the right and down; PaddleOCR: false
  double box_threshold = 0.5;  ///< boxes with a lower mean are dropped; 0..1. PaddleOCR: 0.6
  double unclip_ratio = 1.6;   ///< boxes grow by area * this / perimeter; 0.5..16. PaddleOCR: 1.5
  double min_side = 3;         ///< drops boxes with a shorter side and, after growing, with one below this + 2; 1..1024
  std::int64_t max_candidates = 1000;  ///< maximum outlines to process, from the map's end; 1..65536
};
/// For each outline of values above the threshold in the map f32[h, w], or f32[1, h, w], including holes, from last to
/// first: the smallest rectangle around it, grown; its score is the map's mean within the rectangle before growing.
/// Corners are indices of the map's pixels, as in the reference before it scales them to the picture;
/// quads_to_picture() does that. They equal those of OpenCV 5 and pyclipper bit for bit if min_side * unclip_ratio is
/// at least 4, except for two rectangles of equal area around an outline that passes a corner of its hull twice. Scores
/// differ by the order of a sum. Drops boxes whose mean is NaN.
/// Errors:    invalid_argument for a tensor of another dtype or shape, more than 65,535 rows or columns, or more than
///            2^26 values; resource_exhausted; deadline_exceeded, cancelled. Thread-safe. Cost: linear in the map; for
///            each run of equal values in a row of its mask one search among max_candidates; for each candidate linear
///            in the rows of its outline and the pixels of its box. Memory while it runs: up to 20 bytes per run, 16
///            per row of a candidate's outline and 200 per candidate, which is little for text; at most 32 bytes per
///            value, if each differs from the next, plus the candidates.
GANTRY_API Stage<Tensor, Quads> db(const Db& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

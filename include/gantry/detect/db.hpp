// SPDX-License-Identifier: Apache-2.0
// DB: where lines of text are, from the map of probabilities that a text detector gives.
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
/// which PP-OCR's text detectors and others end with. The defaults are RapidOCR's.
struct Db {
  float threshold = 0.3f;      ///< values above it are text; 0..1
  bool dilate = true;          ///< text grows by a pixel to the right and downwards; PaddleOCR: false
  double box_threshold = 0.5;  ///< boxes whose mean is below are dropped; 0..1. PaddleOCR: 0.6
  double unclip_ratio = 1.6;   ///< boxes grow by area * this / perimeter; 0.5..16. PaddleOCR: 1.5
  double min_side = 3;  ///< boxes with a shorter side are dropped, and once grown with one below this + 2; 1..1024
  std::int64_t max_candidates = 1000;  ///< how many outlines are looked at, from the map's end; 1..65536
};
/// Of the map f32[h, w], or f32[1, h, w], each outline of what is above the threshold, holes too, from the last one to
/// the first: the smallest rectangle around it, grown; its score is the map's mean within the rectangle before it grew.
/// Corners are indices of the map's pixels, as the reference gives them before it scales them to the picture, which
/// quads_to_picture() does. They equal those of OpenCV 5 and pyclipper bit for bit where min_side * unclip_ratio is at
/// least 4, with one case left open: two rectangles of equal area around an outline that passes a corner of its hull
/// twice. Scores differ by the order of a sum. A box whose mean is NaN is dropped.
/// Errors: invalid_argument for a tensor of another dtype or shape, more than 65,535 rows or columns, or more than 2^26
/// values; resource_exhausted; deadline_exceeded, cancelled. Thread-safe. Cost: linear in the map; for each run of
/// equal values in a row of its mask a search among max_candidates; for each candidate linear in the rows of its
/// outline and the pixels of its box. Memory while it runs: up to 20 bytes for each run, 16 for each row of a
/// candidate's outline and 200 for each candidate, which is little for text; at most 32 bytes for each value, where
/// each differs from the next, beside the candidates.
GANTRY_API Stage<Tensor, Quads> db(const Db& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

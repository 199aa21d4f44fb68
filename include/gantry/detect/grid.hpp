// SPDX-License-Identifier: Apache-2.0
// Decoders of heads with an output for each cell of a grid: the YOLO kinds, CenterNet, PicoDet. The rules for all
// decoders in decoders.hpp apply here.
//
//   auto tail = detector.stage<Tensor, Tensor>() | detect::yolov8({}) | detect::nms({0.45}) | detect::to_picture();
//
// A grid of `strides` has the cells of all its levels in sequence, each level row by row: a level has height / stride
// rows of width / stride cells, both rounded up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gantry/detect/decoders.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

/// Exported heads of YOLOv5, v6 and v7: f32[N, 5 + C], the box's centre, width and height in pixels, its objectness,
/// the classes (ultralytics/yolov5, utils/general.py, non_max_suppression()). The score is objectness * class; a box
/// whose objectness is not above `score` has no candidate. The reference then applies nms at 0.45 and keeps 300.
struct Yolov5 {
  Candidates candidates = {};
  bool multi_label = false;      ///< every class of a box above `score` instead of its best class
  std::int64_t class_count = 0;  ///< C, if other columns follow, such as those of masks; 0..65536, 0: all the rest
};
GANTRY_API Stage<Tensor, Detections> yolov5(const Yolov5& options);

/// The order of a head's axes.
enum class HeadLayout : std::uint8_t {
  kChannelsFirst,  ///< [channels, N]
  kChannelsLast,   ///< [N, channels]
};

/// Exported heads of YOLOv8, 9, 11 and 12: f32[4 + C, N], the box's centre, width and height in pixels, and the
/// classes, already sigmoids (ultralytics, utils/nms.py, non_max_suppression()). The reference then applies nms at 0.45
/// and keeps 300.
struct Yolov8 {
  Candidates candidates = {};
  HeadLayout layout = HeadLayout::kChannelsFirst;
  bool multi_label = false;      ///< as Yolov5::multi_label
  std::int64_t class_count = 0;  ///< as Yolov5::class_count
  std::int64_t keypoints = 0;    ///< for a pose head: number of keypoints after the classes, 0..1024
  bool keypoint_scores = true;   ///< a keypoint is x, y and its score, already a sigmoid; otherwise x and y
};
GANTRY_API Stage<Tensor, Detections> yolov8(const Yolov8& options);

/// Exported heads of YOLOv8-seg and 11-seg: the tensors f32[4 + C + K, N], where K coefficients follow the
/// classes, and f32[K, H, W] of prototypes, which cover the model's input (ultralytics,
/// models/yolo/segment/predict.py). C is the number of remaining channels. paste_masks() makes masks from them,
/// before or after to_picture().
struct Yolov8Seg {
  Candidates candidates = {};
  HeadLayout layout = HeadLayout::kChannelsFirst;
  bool multi_label = false;      ///< as Yolov5::multi_label
  std::int64_t stride = 4;       ///< pixels of the model's input per prototype value, 1..65535
  std::string head = "output0";  ///< the tensor of boxes, classes and coefficients
  std::string prototypes = "output1";
};
GANTRY_API Stage<Tensors, Detections> yolov8_seg(const Yolov8Seg& options);

/// The same heads before decoding: f32[4 * bins + C, N], logits. Each side of a box is the mean of a distribution
/// over 0, 1, .. bins - 1 strides from the cell's centre, in the order left, top, right, bottom; scores are
/// sigmoids (ultralytics, nn/modules/head.py, Detect, and utils/tal.py, dist2bbox()). N must be the number of
/// cells.
struct Yolov8Raw {
  std::int64_t width = 0;  ///< of the model's input, each 1..65535
  std::int64_t height = 0;
  std::vector<std::int64_t> strides = {8, 16, 32};  ///< 1..16 of them, each 1..65535
  std::int64_t bins = 16;                           ///< ultralytics' reg_max; 2..256
  Candidates candidates = {};
  HeadLayout layout = HeadLayout::kChannelsFirst;
  bool multi_label = false;      ///< as Yolov5::multi_label
  std::int64_t class_count = 0;  ///< as Yolov5::class_count
};
GANTRY_API Stage<Tensor, Detections> yolov8_raw(const Yolov8Raw& options);

/// Heads of YOLOX: f32[N, 5 + C], the offset from the cell's corner and the logarithms of width and height in strides,
/// then objectness and classes, already sigmoids (Megvii-BaseDetection/YOLOX, utils/demo_utils.py, demo_postprocess(),
/// multiclass_nms()). Score: objectness * class. N must be the number of cells. The reference applies nms at 0.45.
struct Yolox {
  std::int64_t width = 0;  ///< of the model's input, each 1..65535
  std::int64_t height = 0;
  std::vector<std::int64_t> strides = {8, 16, 32};  ///< 1..16 of them, each 1..65535
  Candidates candidates = {0.1f, 30000};
  bool multi_label = false;      ///< as Yolov5::multi_label
  std::int64_t class_count = 0;  ///< as Yolov5::class_count
};
GANTRY_API Stage<Tensor, Detections> yolox(const Yolox& options);

/// CenterNet (xingyizhou/CenterNet, src/lib/models/decode.py, ctdet_decode()). A score of the heat map f32[C, H, W] is
/// a candidate if none of its eight neighbours is larger or NaN; equal scores are ordered by class, then row, then
/// column. It needs no nms.
struct Centernet {
  Candidates candidates = {0.3f, 100};
  std::int64_t stride = 4;                       ///< pixels of the model's input per cell, 1..65535
  Activation activation = Activation::kSigmoid;  ///< for the heat map; kNone or kSigmoid
  std::string heatmap = "heatmap";
  std::string sizes = "wh";       ///< the tensor f32[2, H, W] of width and height, in cells
  std::string offset = "offset";  ///< the tensor f32[2, H, W] from the cell's corner, x and y; empty: none, uses 0.5
};
GANTRY_API Stage<Tensors, Detections> centernet(const Centernet& options);

/// PicoDet without its own nms (PaddleDetection, deploy/python/picodet_postprocess.py), and other heads of Generalized
/// Focal Loss. For L strides the tensors are, by position, L of scores, f32[n, C], then L of distributions, f32[n, 4 *
/// bins], logits as Yolov8Raw's; n is the level's number of cells. Per level the best `top` cells, by their best class
/// of `classes`. The reference then applies nms at 0.5 and keeps 100 per class.
struct Picodet {
  std::int64_t width = 0;  ///< of the model's input, each 1..65535
  std::int64_t height = 0;
  std::vector<std::int64_t> strides = {8, 16, 32, 64};  ///< 1..16 of them, each 1..65535
  Candidates candidates = {0.4f, 1000};
  Activation activation = Activation::kNone;  ///< for the scores; kNone, as exported, or kSigmoid
  bool multi_label = true;                    ///< as Yolov5::multi_label; PaddleDetection's demos in C++: false
};
GANTRY_API Stage<Tensors, Detections> picodet(const Picodet& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// Decoders: convert a detector head's output for one sample to boxes in pixels of the model's input. These are for
// heads with anchors, for DETR, and for heads that output boxes; grid.hpp has those for YOLO and similar heads.
//
//   auto tail = detector.stage<Tensor, Tensors>() | detect::ssd({}) | detect::clip() | detect::nms({0.45})
//             | detect::to_picture();
//
// All decoders: tensors have no batch axis, are float32 unless stated otherwise, and are on the CPU. The results are
// candidates, the best first, with unchanged boxes: not clipped, and inverted, infinite or NaN if the head's values
// are. A NaN score is not a candidate. Errors: invalid_argument for a missing tensor, or one of another dtype or shape,
// with its name, the expectation and the actual value; resource_exhausted. Boxes and scores equal the reference's to
// 2e-6 of the box's largest number, since exp() differs. Thread-safe. Cost: reads each score once, and computes boxes
// of candidates only. For other tensor names use the `as` of `select`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gantry/detect/detections.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

/// Which scores become candidates. Each decoder has its own defaults: change them in its options.
struct Candidates {
  float score = 0.25f;                     ///< scores above it; 0..1
  std::int64_t top = 30000;                ///< maximum number, the best; of equal scores the first. 1..65536
  std::vector<std::int64_t> classes = {};  ///< only these classes, each 0..2^31 - 1; empty: all
};

/// The inputs of decoders with anchors. N is the number of anchors, those of all levels in sequence.
struct AnchorHead {
  std::string boxes = "boxes";    ///< the tensor f32[N, 4] of regressions
  std::string scores = "scores";  ///< the tensor f32[N, C] of logits
  /// f32[N, 4], x0, y0, x1, y1 in pixels of the model's input; unset: the tensor "anchors".
  std::optional<Tensor> anchors = {};
};

/// torchvision's SSD (models/detection/ssd.py, postprocess_detections()). Class 0 is the background, the others keep
/// their numbers. Per class the best `top` by softmax; equal scores are ordered by class, then by anchor. Boxes by its
/// BoxCoder with the weights 10, 10, 5, 5 (_utils.py), widths and heights at most 62.5 times the anchor's. The
/// reference then applies nms at 0.45 and keeps 200.
struct Ssd {
  Candidates candidates = {0.01f, 400};
  AnchorHead head = {};
};
GANTRY_API Stage<Tensors, Detections> ssd(const Ssd& options);

/// torchvision's RetinaNet (models/detection/retinanet.py, postprocess_detections()). Per level the best `top` pairs of
/// anchor and class by sigmoid. Boxes by its BoxCoder with the weights 1, 1, 1, 1. The reference then applies nms at
/// 0.5 and keeps 300.
struct Retinanet {
  Candidates candidates = {0.05f, 1000};
  AnchorHead head = {};
  /// Number of anchors of each level, each 1..2^31 - 1; empty: from the tensor "levels", i64[L]; if the model has no
  /// such tensor, all anchors are of one level.
  std::vector<std::int64_t> levels = {};
};
GANTRY_API Stage<Tensors, Detections> retinanet(const Retinanet& options);

/// torchvision's FCOS (models/detection/fcos.py, postprocess_detections()). Per level the best `top` pairs of anchor
/// and class by sqrt(sigmoid(score) * sigmoid(centerness)). Boxes by its BoxLinearCoder: distances from the anchor's
/// centre in sizes of the anchor. The reference then applies nms at 0.6 and keeps 100.
struct Fcos {
  Candidates candidates = {0.2f, 1000};
  AnchorHead head = {};
  std::string centerness = "centerness";  ///< the tensor f32[N, 1] of logits
  std::vector<std::int64_t> levels = {};  ///< as Retinanet::levels
};
GANTRY_API Stage<Tensors, Detections> fcos(const Fcos& options);

/// The function from a head's numbers to scores, along the classes.
enum class Activation : std::uint8_t { kNone, kSoftmax, kSigmoid };

/// DETR (facebookresearch/detr, models/detr.py, PostProcess) and its successors. With kSoftmax the last class means no
/// object, and each query has its best class; with kSigmoid (Deformable DETR, RT-DETR) a query may have several.
struct Detr {
  Candidates candidates = {0.5f, 300};
  Activation activation = Activation::kSoftmax;  ///< not kNone
  std::string boxes = "boxes";                   ///< the tensor f32[N, 4]: centre, width, height, each a fraction 0..1
  std::string scores = "scores";                 ///< the tensor f32[N, C] of logits
  /// The size that the fractions refer to, from the left and top edge of the model's input, 0..65535. 0: the picture,
  /// wherever ops before the model placed it (see Frame; failed_precondition if it is unknown). A model whose input is
  /// a crop of the picture needs both.
  std::int64_t width = 0;
  std::int64_t height = 0;
};
GANTRY_API Stage<Tensors, Detections> detr(const Detr& options);

enum class BoxFormat : std::uint8_t {
  kXyxy,    ///< left, top, right, bottom
  kXywh,    ///< left, top, width, height
  kCxcywh,  ///< centre, width, height
};

/// A head that outputs boxes.
struct BoxHead {
  Candidates candidates = {};
  BoxFormat format = BoxFormat::kXyxy;
  bool relative = false;   ///< boxes are fractions of width and height, as Detr's; otherwise pixels
  std::int64_t width = 0;  ///< as Detr::width; 0 unless `relative`
  std::int64_t height = 0;
  std::string boxes = "boxes";    ///< the tensor f32[N, 4]
  std::string scores = "scores";  ///< the tensor f32[N, C], or f32[N] with `labels`
  /// The tensor i64[N] or i32[N] of each box's class, if scores are f32[N]; negative ones are not candidates. Empty: no
  /// such tensor, and all boxes are of class 0.
  std::string labels = "labels";
  Activation activation = Activation::kNone;  ///< kSoftmax is for f32[N, C]
  std::int64_t background = -1;               ///< the class that is not a candidate; -1: none
  bool multi_label = false;  ///< every class of a box above `score` instead of its best class (without background)
  /// The tensor f32[N, K, 2] of x and y of each box's keypoints, or f32[N, K, 3] with scores; fractions if `relative`.
  /// Empty: none.
  std::string keypoints = {};
  std::string keypoint_scores =
      {};  ///< the tensor f32[N, K] of their scores, as Keypoint R-CNN gives them; empty: none
  /// The tensor f32[N, h, w] or f32[N, 1, h, w] of probabilities over each box, from which paste_masks() makes masks;
  /// empty: none.
  std::string masks = {};
};
/// Boxes as the head outputs them.
GANTRY_API Stage<Tensors, Detections> boxes(const BoxHead& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

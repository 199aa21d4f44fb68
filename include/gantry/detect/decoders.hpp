// SPDX-License-Identifier: Apache-2.0
// Decoders: from what a detector's head gives for one sample to boxes in the pixels of the model's input. These are of
// heads with anchors, of DETR, and of heads that give boxes already; grid.hpp has those of YOLO and its kin.
//
//   auto tail = detector.stage<Tensor, Tensors>() | detect::ssd({}) | detect::clip() | detect::nms({0.45})
//             | detect::to_picture();
//
// All decoders: tensors have no batch axis, are of float32 unless it says otherwise, and lie on the CPU. What comes out
// are candidates, the best first, with boxes as they are: not clipped, perhaps inverted, infinite or NaN where the head
// is. A score that is NaN is no candidate. Errors: invalid_argument for a tensor that is missing, or of another dtype
// or shape, with its name, what was expected and what came; resource_exhausted. Boxes and scores are those of the
// reference to 2e-6 of the box's largest number, since exp() is another. Thread-safe. Cost: reads each score once, and
// makes boxes of the candidates alone. Other names of tensors than these come by `select`'s `as`.
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

/// Which scores become candidates. Each decoder has defaults of its own: change what its options hold.
struct Candidates {
  float score = 0.25f;                     ///< those above it; 0..1
  std::int64_t top = 30000;                ///< how many at most, the best; of equal scores the first. 1..65536
  std::vector<std::int64_t> classes = {};  ///< of these classes alone, each 0..2^31 - 1; empty: of all
};

/// Where decoders with anchors find what they read. N is the number of anchors, those of all levels in a row.
struct AnchorHead {
  std::string boxes = "boxes";    ///< the tensor f32[N, 4] of what is regressed
  std::string scores = "scores";  ///< the tensor f32[N, C] of logits
  /// f32[N, 4], x0, y0, x1, y1 in pixels of the model's input; nothing: the tensor "anchors".
  std::optional<Tensor> anchors = {};
};

/// torchvision's SSD (models/detection/ssd.py, postprocess_detections()). Class 0 is the background, the others keep
/// their numbers. Of each class the best `top` by softmax; of equal scores that of the smaller class, then of the
/// smaller anchor. Boxes by its BoxCoder with the weights 10, 10, 5, 5 (_utils.py), widths and heights at most 62.5
/// times the anchor's. Its own nms comes at 0.45, and 200 stay.
struct Ssd {
  Candidates candidates = {0.01f, 400};
  AnchorHead head = {};
};
GANTRY_API Stage<Tensors, Detections> ssd(const Ssd& options);

/// torchvision's RetinaNet (models/detection/retinanet.py, postprocess_detections()). Of each level the best `top`
/// pairs of anchor and class by sigmoid. Boxes by its BoxCoder with the weights 1, 1, 1, 1. Its own nms comes at 0.5,
/// and 300 stay.
struct Retinanet {
  Candidates candidates = {0.05f, 1000};
  AnchorHead head = {};
  /// How many anchors each level has, each 1..2^31 - 1; empty: as the tensor "levels", i64[L], says, or, where the
  /// model gives none, all are of one level.
  std::vector<std::int64_t> levels = {};
};
GANTRY_API Stage<Tensors, Detections> retinanet(const Retinanet& options);

/// torchvision's FCOS (models/detection/fcos.py, postprocess_detections()). Of each level the best `top` pairs of
/// anchor and class by sqrt(sigmoid(score) * sigmoid(centerness)). Boxes by its BoxLinearCoder: distances from the
/// anchor's centre in sizes of the anchor. Its own nms comes at 0.6, and 100 stay.
struct Fcos {
  Candidates candidates = {0.2f, 1000};
  AnchorHead head = {};
  std::string centerness = "centerness";  ///< the tensor f32[N, 1] of logits
  std::vector<std::int64_t> levels = {};  ///< as Retinanet::levels
};
GANTRY_API Stage<Tensors, Detections> fcos(const Fcos& options);

/// What makes scores of a head's numbers, along the classes.
enum class Activation : std::uint8_t { kNone, kSoftmax, kSigmoid };

/// DETR (facebookresearch/detr, models/detr.py, PostProcess) and those after it. With kSoftmax the last class means no
/// object, and each query has its best class; with kSigmoid (Deformable DETR, RT-DETR) each query may have several.
struct Detr {
  Candidates candidates = {0.5f, 300};
  Activation activation = Activation::kSoftmax;  ///< not kNone
  std::string boxes = "boxes";                   ///< the tensor f32[N, 4]: centre, width, height, each a share 0..1
  std::string scores = "scores";                 ///< the tensor f32[N, C] of logits
  /// What the shares are of, from the model's input's left and top edge on, 0..65535. 0: of the picture, wherever ops
  /// before the model have placed it (see Frame; failed_precondition if nobody knows it). A model that was shown a crop
  /// of the picture needs both.
  std::int64_t width = 0;
  std::int64_t height = 0;
};
GANTRY_API Stage<Tensors, Detections> detr(const Detr& options);

enum class BoxFormat : std::uint8_t {
  kXyxy,    ///< left, top, right, bottom
  kXywh,    ///< left, top, width, height
  kCxcywh,  ///< centre, width, height
};

/// A head that gives boxes.
struct BoxHead {
  Candidates candidates = {};
  BoxFormat format = BoxFormat::kXyxy;
  bool relative = false;   ///< boxes are shares of width and height, as Detr's; otherwise pixels
  std::int64_t width = 0;  ///< as Detr::width; 0 unless `relative`
  std::int64_t height = 0;
  std::string boxes = "boxes";    ///< the tensor f32[N, 4]
  std::string scores = "scores";  ///< the tensor f32[N, C], or f32[N] with `labels`
  /// The tensor i64[N] or i32[N] of the class of each box, where scores are f32[N]; negative ones are no candidates.
  /// Empty: there is none, and all are of class 0.
  std::string labels = "labels";
  Activation activation = Activation::kNone;  ///< kSoftmax is for f32[N, C]
  std::int64_t background = -1;               ///< the class that is no candidate; -1: there is none
  bool multi_label = false;  ///< each class of a box that is above `score`, instead of its best (background aside)
  /// The tensor f32[N, K, 2] of x and y of each box's keypoints, or f32[N, K, 3] with scores, shares if `relative`.
  /// Empty: there is none.
  std::string keypoints = {};
  std::string keypoint_scores =
      {};  ///< the tensor f32[N, K] of their scores, as Keypoint R-CNN gives them; empty: none
  /// The tensor f32[N, h, w] or f32[N, 1, h, w] of probabilities over each box, which paste_masks() makes masks of;
  /// empty: there is none.
  std::string masks = {};
};
/// Boxes as the head gives them.
GANTRY_API Stage<Tensors, Detections> boxes(const BoxHead& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

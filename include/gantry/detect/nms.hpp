// SPDX-License-Identifier: Apache-2.0
// Non-maximum suppression: keeps the best of overlapping boxes.
//
//   std::vector<std::size_t> kept = detect::nms(boxes, scores, 0.5).value();
//   auto tail = decoder | detect::nms({0.45, detect::Suppress::kPerClass, 300});
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <gantry/call_context.hpp>
#include <gantry/detect/detections.hpp>
#include <gantry/result.hpp>
#include <gantry/span.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

/// Which boxes suppress each other.
enum class Suppress : std::uint8_t {
  kPerClass,     ///< boxes of the same class
  kAny,          ///< boxes of all classes
  kTorchvision,  ///< as torchvision's batched_nms: for up to 1000 boxes shifts each class by class * (the largest
                 ///< coordinate + 1), in float32, and suppresses among all; for more boxes, per class. Differs from
                 ///< kPerClass for negative coordinates, and if an overlap is within rounding of the
                 ///< threshold.
};

/// torchvision.ops.nms, bit for bit: by falling score, equal scores by index, keeps a box unless a kept box overlaps it
/// by more than `iou` (intersection / union, in float32, compared as double). Returns indices, the best first, at most
/// `max_count`. A NaN score is the best; a box with a NaN overlaps nothing. Errors: invalid_argument (scores and boxes
/// differ in number, iou is NaN), resource_exhausted, and the interruption of `call`. Thread-safe. Cost: half a
/// nanosecond for each kept box and each box after it: at most max_count * n, or n * n / 2.
GANTRY_API Result<std::vector<std::size_t>> nms(Span<const Box> boxes, Span<const float> scores, double iou,
                                                std::size_t max_count = std::numeric_limits<std::size_t>::max(),
                                                const CallContext& call = CallContext::none());
/// torchvision.ops.batched_nms: nms with a class per box. torchvision leaves the order of equal scores open above 1000
/// boxes; here they are ordered by index.
GANTRY_API Result<std::vector<std::size_t>> batched_nms(Span<const Box> boxes, Span<const float> scores,
                                                        Span<const std::int64_t> classes, double iou,
                                                        Suppress suppress = Suppress::kPerClass,
                                                        std::size_t max_count = std::numeric_limits<std::size_t>::max(),
                                                        const CallContext& call = CallContext::none());

/// The divisor of an intersection.
enum class Overlap : std::uint8_t {
  kUnion,    ///< the area of both boxes together: intersection / union
  kSmaller,  ///< the area of the smaller box, so that a box within another one has an overlap of 1
};

struct Nms {
  double iou = 0.5;  ///< 0..1; a box with exactly this overlap is kept
  Suppress suppress = Suppress::kPerClass;
  std::int64_t max_count = 300;  ///< maximum number to keep, 1..65536
  Overlap overlap = Overlap::kUnion;
  /// Sides count the last pixel, x1 - x0 + 1: Fast R-CNN's nms.py, and with kSmaller MTCNN's (facenet_pytorch,
  /// nms_numpy()). If this is true, or `overlap` is kSmaller, the overlap is compared in float32, as in numpy.
  bool inclusive = false;
};
/// batched_nms() with these options.
GANTRY_API Result<std::vector<std::size_t>> batched_nms(Span<const Box> boxes, Span<const float> scores,
                                                        Span<const std::int64_t> classes, const Nms& options,
                                                        const CallContext& call = CallContext::none());
/// Suppresses among detections; the result is ordered by score, then by index.
GANTRY_API Stage<Detections, Detections> nms(const Nms& options);

/// How soft_nms lowers the score of a box that overlaps a better one (Bodla et al., "Soft-NMS", 2017).
enum class Decay : std::uint8_t {
  kLinear,    ///< by 1 - overlap, if the overlap exceeds `iou`
  kGaussian,  ///< by exp(-overlap^2 / sigma)
};
struct SoftNms {
  Decay decay = Decay::kGaussian;
  double iou = 0.3;                         ///< for kLinear, 0..1
  double sigma = 0.5;                       ///< for kGaussian, above 0
  double score = 0.001;                     ///< lower scores are dropped; 0..1
  Suppress suppress = Suppress::kPerClass;  ///< kPerClass or kAny
  std::int64_t max_count = 300;             ///< maximum number to keep, 1..65536
};
/// Lowers the score of boxes that overlap a better one instead of dropping them. The best remaining box comes next, of
/// equal ones the one with the smaller index. Cost: for each kept box one pass over all remaining ones.
GANTRY_API Stage<Detections, Detections> soft_nms(const SoftNms& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// Non-maximum suppression: of boxes that overlap, the best stays.
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
  kPerClass,     ///< those of one class
  kAny,          ///< those of all classes
  kTorchvision,  ///< as torchvision's batched_nms: up to 1000 boxes it moves each class away by class * (the largest
                 ///< coordinate + 1), in float32, and suppresses among all; of more boxes per class. Differs from
                 ///< kPerClass where coordinates are negative, and where an overlap is within rounding of the
                 ///< threshold.
};

/// torchvision.ops.nms, bit for bit: by falling score, equal scores by index, a box stays unless one that stays
/// overlaps it by more than `iou` (intersection / union, in float32, compared as double). Indices, the best first. A
/// NaN score is the best; a box with a NaN overlaps nothing. At most `max_count` indices. Errors: invalid_argument (as
/// many scores as boxes, iou is not NaN), resource_exhausted, and what interrupts `call`. Thread-safe. Cost: half a
/// nanosecond for each box that stays and each box after it: at most max_count * n, or n * n / 2.
GANTRY_API Result<std::vector<std::size_t>> nms(Span<const Box> boxes, Span<const float> scores, double iou,
                                                std::size_t max_count = std::numeric_limits<std::size_t>::max(),
                                                const CallContext& call = CallContext::none());
/// torchvision.ops.batched_nms: nms with the class of each box. torchvision leaves the order of equal scores open above
/// 1000 boxes; here it is that of their indices.
GANTRY_API Result<std::vector<std::size_t>> batched_nms(Span<const Box> boxes, Span<const float> scores,
                                                        Span<const std::int64_t> classes, double iou,
                                                        Suppress suppress = Suppress::kPerClass,
                                                        std::size_t max_count = std::numeric_limits<std::size_t>::max(),
                                                        const CallContext& call = CallContext::none());

/// What an intersection is divided by.
enum class Overlap : std::uint8_t {
  kUnion,    ///< the area of both boxes together: intersection / union
  kSmaller,  ///< the area of the smaller box, so that a box within another one overlaps it by 1
};

struct Nms {
  double iou = 0.5;  ///< 0..1; an overlap of exactly this stays
  Suppress suppress = Suppress::kPerClass;
  std::int64_t max_count = 300;  ///< how many stay, 1..65536
  Overlap overlap = Overlap::kUnion;
  /// Sides count the last pixel, x1 - x0 + 1: Fast R-CNN's nms.py, and with kSmaller MTCNN's (facenet_pytorch,
  /// nms_numpy()). Unless this is false and `overlap` is kUnion, the overlap is compared in float32, as numpy does it.
  bool inclusive = false;
};
/// batched_nms() with these options.
GANTRY_API Result<std::vector<std::size_t>> batched_nms(Span<const Box> boxes, Span<const float> scores,
                                                        Span<const std::int64_t> classes, const Nms& options,
                                                        const CallContext& call = CallContext::none());
/// Suppresses among detections; what stays is in order of score, then of index.
GANTRY_API Stage<Detections, Detections> nms(const Nms& options);

/// How soft_nms lowers the score of what overlaps a better box (Bodla et al., "Soft-NMS", 2017).
enum class Decay : std::uint8_t {
  kLinear,    ///< by 1 - overlap, where the overlap is above `iou`
  kGaussian,  ///< by exp(-overlap^2 / sigma)
};
struct SoftNms {
  Decay decay = Decay::kGaussian;
  double iou = 0.3;                         ///< of kLinear, 0..1
  double sigma = 0.5;                       ///< of kGaussian, above 0
  double score = 0.001;                     ///< what falls below is dropped; 0..1
  Suppress suppress = Suppress::kPerClass;  ///< kPerClass or kAny
  std::int64_t max_count = 300;             ///< how many stay, 1..65536
};
/// Instead of dropping what overlaps a better box it lowers its score. The best of what is left comes next, of equal
/// ones the smaller index. Cost: for each that stays, one look at all that are left.
GANTRY_API Stage<Detections, Detections> soft_nms(const SoftNms& options);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry

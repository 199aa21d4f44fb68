// SPDX-License-Identifier: Apache-2.0
// SoftMask: a head's data about the shape of one detection, from the decoder to detect::paste_masks().
//
// one.soft_mask = SoftMask::over_box(probabilities, one.box).value();  // in a decoder of the host application
#pragma once

#include <cstdint>
#include <memory>

#include <gantry/detect/box.hpp>
#include <gantry/export.hpp>
#include <gantry/frame.hpp>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

namespace detail {

/// The mask values of all detections of a head.
struct MaskHead {
  Tensor values;      ///< f32[n, h, w], probabilities over a box; or f32[n, k], coefficients of prototypes
  Tensor prototypes;  ///< f32[k, h, w], contiguous; of rank 1 if there are none
  std::int64_t stride = 0;

  bool has_prototypes() const { return prototypes.rank() == 3; }
};

struct SoftMaskPlace;

}  // namespace detail

/// Either probabilities over a box (Mask R-CNN), or coefficients of prototypes that all detections of a picture share
/// (YOLO). It stays with its detection through every op. JSON does not contain it.
///
/// Ownership: shares the head's memory; copies are cheap.
/// Threads:   immutable.
/// Errors:    invalid_argument for tensors of another dtype or shape, or not on the CPU.
/// Cost:      a pointer, and one allocation on creation.
class GANTRY_API SoftMask {
 public:
  SoftMask() = default;
  /// Probabilities f32[h, w] over `box`, which is in pixels of the model's input. h and w are at least 1.
  static Result<SoftMask> over_box(const Tensor& probabilities, const Box& box);
  /// The sum of coefficients f32[k] times prototypes f32[k, h, w] is a logit within `box`. Prototypes cover the model's
  /// input from its top left corner, each value `stride` pixels along both axes; k, h and w are at least 1, the stride
  /// is 1..65535.
  static Result<SoftMask> of_prototypes(const Tensor& coefficients, const Tensor& prototypes, std::int64_t stride,
                                        const Box& box);
  /// For gantry's decoders: row `row` of a validated head.
  SoftMask(std::shared_ptr<const detail::MaskHead> head, std::int64_t row, const Box& box);

  bool empty() const { return place_ == nullptr; }

  // Only if not empty():
  /// f32[h, w] or f32[k].
  Tensor values() const;
  /// f32[k, h, w]; nullptr for probabilities over the box.
  const Tensor* prototypes() const;
  std::int64_t stride() const;
  /// In pixels of the model's input, as the head gave it; ops that change the detection's box do not change it.
  const Box& box() const;
  /// The position of the picture in the model's input. nullptr while the detection itself is in pixels of the input;
  /// to_picture() sets it when it moves the detection.
  const Frame* frame() const;
  /// The same with this frame; a SoftMask that already has a frame keeps its own.
  SoftMask within(const Frame& frame) const;

 private:
  std::shared_ptr<const detail::SoftMaskPlace> place_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

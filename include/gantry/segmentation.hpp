// SPDX-License-Identifier: Apache-2.0
// Semantic segmentation: from a model's logits to a label for each pixel, and to COCO's run lengths.
//
//   auto chain = ... | model.stage() | segment({1080, 1920});
//   Tensor labels = compile(chain).value().run(photo).value();
//   std::string road = run_lengths(labels, 7).value().to_string();
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include <gantry/image/image.hpp>
#include <gantry/segment/masks.hpp>
#include <gantry/segment/run_lengths.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// How large labels are.
enum class SegmentSize : std::uint8_t {
  kGiven,    ///< height x width, each side 1..65535; both 0: the size of the logits
  kPicture,  ///< the picture's own size: what image ops before the model did is undone; height and width are 0
};

struct Segment {
  std::int64_t height = 0;
  std::int64_t width = 0;
  SegmentSize size = SegmentSize::kGiven;
  std::int64_t stride = 1;    ///< of kPicture: pixels of the model's input to a logit along both axes, 1..65535
  std::int32_t outside = -1;  ///< of kPicture: the label of what the model was not shown of the picture
};
/// f32[classes, h, w] -> i32[height, width], the class of the largest logit at each pixel of the logits resized
/// bilinearly: torch's interpolate(mode="bilinear", align_corners=False) in float32, then argmax(0), without making the
/// resized logits. With kPicture the picture's part of the logits is what is resized: of a picture that was letterboxed
/// or padded the borders are cut off, and one that was mirrored or turned is mirrored or turned back. The first of
/// equal logits wins; NaN is larger than all. A label can differ from torch's only where the two best resized logits
/// differ by rounding, a few units in the last place. Errors: invalid_argument for another tensor; with kPicture
/// failed_precondition where nobody knows the picture (see Frame). Cost: 2 multiplications a class and pixel, two rows
/// of resized logits as scratch memory.
GANTRY_API Stage<Tensor, Tensor> segment(const Segment& size = {});
/// The same at the size of the model's input: that input, [.., height, width], and the logits that the model gave for
/// it. Errors: also invalid_argument for an input without two sides, or of another size than 1..65535.
///
///   const auto same = stage("input", [](const Tensor& input) { return input; });
///   auto chain = image::decode() | image::to_tensor() | fork(same, model.stage()) | segment_input();
GANTRY_API Stage<std::tuple<Tensor, Tensor>, Tensor> segment_input();

/// What is inside where a model says one number for each pixel.
struct SegmentBinary {
  double threshold = 0.5;  ///< what is above it is inside; finite, of logits 0..1
  bool logits = true;      ///< values are logits, whose sigmoid is compared; otherwise they are probabilities
  Segment size = {};
};
/// f32[1, h, w] or f32[h, w] -> i32[height, width] of 1 inside and 0 outside. Values are resized as segment() resizes
/// them, then compared, logits with the logit of `threshold`, 0 for 0.5. NaN is not inside. Errors and cost as
/// segment().
GANTRY_API Stage<Tensor, Tensor> segment_binary(const SegmentBinary& options = {});

/// Labels i32[h, w] -> a mask for each of `classes`, in their order, also if no pixel has it; without `classes` for
/// each label from 0 on that is there, in ascending order. Errors: invalid_argument for another tensor. Cost: one look
/// at each label, whatever number of classes there is.
GANTRY_API Stage<Tensor, Masks> label_masks(std::vector<std::int64_t> classes = {});

enum class LabelColours : std::uint8_t {
  kNumbers,  ///< gray, of the labels themselves, which are 0..255
  kPalette,  ///< RGB, as detect::draw() colours classes; `background` and what is below 0 is black
};
/// Labels i32[h, w] -> Image. Errors: invalid_argument for another tensor, for an empty one, and for a label that is no
/// gray value, with the place of the first one; what interrupts the call.
GANTRY_API Stage<Tensor, Image> label_image(LabelColours colours = LabelColours::kNumbers, std::int64_t background = 0);

struct Overlay {
  double alpha = 0.5;           ///< how much of a class's colour is seen, 0..1
  std::int64_t background = 0;  ///< the class that is left out, as is what is below 0; -1: no other
};
/// A copy of the image, as RGB, with labels i32[height, width] of its size blended over it in the colours of their
/// classes, cut to whole numbers as torchvision's draw_segmentation_masks() does it. Errors: invalid_argument for
/// labels of another size; what interrupts the call.
GANTRY_API Stage<std::tuple<Image, Tensor>, Image> overlay(const Overlay& options = {});

}  // namespace GANTRY_ABI
}  // namespace gantry

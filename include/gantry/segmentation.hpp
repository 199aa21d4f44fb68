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

/// The size of the label map.
enum class SegmentSize : std::uint8_t {
  kGiven,    ///< height x width, each side 1..65535; both 0: the size of the logits
  kPicture,  ///< the picture's own size: the stage undoes image ops before the model; height and width are 0
};

struct Segment {
  std::int64_t height = 0;
  std::int64_t width = 0;
  SegmentSize size = SegmentSize::kGiven;
  std::int64_t stride = 1;    ///< for kPicture: pixels of the model's input per logit along both axes, 1..65535
  std::int32_t outside = -1;  ///< for kPicture: the label of picture areas that the model did not see
};
/// f32[classes, h, w] -> i32[height, width]: the class of the largest logit at each pixel of the bilinearly resized
/// logits. Equals torch's interpolate(mode="bilinear", align_corners=False) in float32, then argmax(0), without
/// storing the resized logits. kPicture resizes the picture's part of the logits: it cuts off the borders of a
/// letterboxed or padded picture, and mirrors or turns a mirrored or turned picture back. The first of equal logits
/// wins; NaN is larger than all. A label can differ from torch's only if the two best resized logits differ by
/// rounding, a few units in the last place. Errors: invalid_argument for another tensor; with kPicture
/// failed_precondition if the picture is unknown (see Frame). Cost: 2 multiplications per class and pixel, two rows of
/// resized logits as scratch memory.
GANTRY_API Stage<Tensor, Tensor> segment(const Segment& size = {});
/// The same at the size of the model's input: takes that input, [.., height, width], and the model's logits for it.
/// Errors: also invalid_argument for an input without two sides, or with a side outside 1..65535.
///
///   const auto same = stage("input", [](const Tensor& input) { return input; });
///   auto chain = image::decode() | image::to_tensor() | fork(same, model.stage()) | segment_input();
GANTRY_API Stage<std::tuple<Tensor, Tensor>, Tensor> segment_input();

/// Which pixels are inside, for a model with one number per pixel.
struct SegmentBinary {
  double threshold = 0.5;  ///< values above it are inside; finite, for logits 0..1
  bool logits = true;      ///< values are logits, compared by their sigmoid; otherwise they are probabilities
  Segment size = {};
};
/// f32[1, h, w] or f32[h, w] -> i32[height, width] of 1 inside and 0 outside. Resizes values as segment() does, then
/// compares them: logits with the logit of `threshold`, which is 0 for 0.5. NaN is not inside. Errors and cost as
/// segment().
GANTRY_API Stage<Tensor, Tensor> segment_binary(const SegmentBinary& options = {});

/// Labels i32[h, w] -> one mask for each of `classes`, in their order, even if no pixel has that label. Without
/// `classes`: one for each label from 0 on that occurs, in ascending order. Errors: invalid_argument for another
/// tensor. Cost: reads each label once, for any number of classes.
GANTRY_API Stage<Tensor, Masks> label_masks(std::vector<std::int64_t> classes = {});

enum class LabelColours : std::uint8_t {
  kNumbers,  ///< gray: the labels themselves, which must be 0..255
  kPalette,  ///< RGB, in the class colours of detect::draw(); `background` and negative labels are black
};
/// Labels i32[h, w] -> Image. Errors: invalid_argument for another tensor, for an empty one, and for a label that is
/// not a gray value, with the position of the first one; deadline, cancellation.
GANTRY_API Stage<Tensor, Image> label_image(LabelColours colours = LabelColours::kNumbers, std::int64_t background = 0);

struct Overlay {
  double alpha = 0.5;           ///< opacity of a class's colour, 0..1
  std::int64_t background = 0;  ///< the class that is left out, as are negative labels; -1: no other
};
/// A copy of the image, as RGB, with labels i32[height, width] of its size blended over it in the colours of their
/// classes, truncated to whole numbers as in torchvision's draw_segmentation_masks(). Errors: invalid_argument for
/// labels of another size; deadline, cancellation.
GANTRY_API Stage<std::tuple<Image, Tensor>, Image> overlay(const Overlay& options = {});

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// As resize() and _get_safe_box() of src/PIL/Image.py: doubles, truncated by int().
#include "ops/image/pillow_resize.hpp"

#include <algorithm>
#include <cmath>

#include "core/return_if_error.hpp"
#include "ops/image/kernels/axis_weights.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::string text_of(const image::Box& box) {
  return to_text(std::vector<float>{box.left, box.top, box.right, box.bottom});
}

/// One side of an image, of its box and of the result.
struct Side {
  std::int64_t image;
  double begin;
  double end;
  std::int64_t out;

  std::int64_t block(double gap) const {
    return std::max<std::int64_t>(static_cast<std::int64_t>((end - begin) / static_cast<double>(out) / gap), 1);
  }

  /// Where the blocks begin and end, so that they hold all pixels that the filter reaches.
  std::int64_t safe_begin(double reach) const {
    return std::max<std::int64_t>(static_cast<std::int64_t>(begin - reach * scale()), 0);
  }
  std::int64_t safe_end(double reach) const {
    return std::min(static_cast<std::int64_t>(std::ceil(end + reach * scale())), image);
  }

 private:
  double scale() const { return (end - begin) / static_cast<double>(out); }
};

bool is_whole(const Side& side) {
  return side.begin == 0 && side.end == static_cast<double>(side.image);
}

Result<void> check_block(std::int64_t columns, std::int64_t rows, double gap) {
  constexpr std::int64_t kPixels = 1 << 23;
  if (columns * rows < kPixels) return {};
  return Error(ErrorCode::kInvalidArgument, "reducing_gap=" + to_text(gap) + " makes blocks of " +
                                                std::to_string(columns) + "x" + std::to_string(rows) +
                                                " pixels; fewer than " + std::to_string(kPixels) + " are possible");
}

/// Sets the blocks to reduce, and the box in units of blocks.
void reduce_first(ResizeTo& step, const Side& across, const Side& down, double gap) {
  const std::int64_t columns = across.block(gap), rows = down.block(gap);
  const double reach = filter_support(step.how.filter) - 0.5;
  const std::int64_t left = across.safe_begin(reach), top = down.safe_begin(reach);
  step.reduction = Reduction{columns, rows, {left, top, {across.safe_end(reach) - left, down.safe_end(reach) - top}}};
  const auto in_blocks = [](double at, std::int64_t begin, std::int64_t block) {
    return static_cast<float>((at - static_cast<double>(begin)) / static_cast<double>(block));
  };
  step.box = image::Box{in_blocks(across.begin, left, columns), in_blocks(down.begin, top, rows),
                        in_blocks(across.end, left, columns), in_blocks(down.end, top, rows)};
}

}  // namespace

Result<void> check_reducing_gap(double gap) {
  if (gap == 0 || (gap >= 1 && std::isfinite(gap))) return {};
  return Error(ErrorCode::kInvalidArgument, "reducing_gap must be 0 or a number from 1 on, got " + to_text(gap));
}

Result<void> check_resize(const image::Resize& options) {
  GANTRY_RETURN_IF_ERROR(check_side("width", options.width));
  GANTRY_RETURN_IF_ERROR(check_side("height", options.height));
  GANTRY_RETURN_IF_ERROR(check_resampling(options.how));
  GANTRY_RETURN_IF_ERROR(check_reducing_gap(options.reducing_gap));
  if (!options.box && options.reducing_gap == 0) return {};
  if (options.how.reference != image::Reference::kPillow)
    return Error(ErrorCode::kInvalidArgument, std::string("reference ") + to_string(options.how.reference) +
                                                  " has no box and no reducing_gap; pillow has");
  if (!options.box) return {};
  const image::Box& box = *options.box;
  if (box.left >= 0 && box.left < box.right && box.top >= 0 && box.top < box.bottom && std::isfinite(box.right) &&
      std::isfinite(box.bottom))
    return {};
  return Error(
      ErrorCode::kInvalidArgument,
      "box must be [left, top, right, bottom] with 0 <= left < right and 0 <= top < bottom, got " + text_of(box));
}

Result<Geometry> resize_steps(const image::Resize& options, ImageSize image) {
  ResizeTo step{{options.width, options.height}, options.how};
  Side across = {image.width, 0, static_cast<double>(image.width), options.width};
  Side down = {image.height, 0, static_cast<double>(image.height), options.height};
  if (options.box) {
    across.begin = options.box->left;
    across.end = options.box->right;
    down.begin = options.box->top;
    down.end = options.box->bottom;
  }
  if (across.end > static_cast<double>(image.width) || down.end > static_cast<double>(image.height))
    return Error(ErrorCode::kInvalidArgument, "box=" + text_of(*options.box) + " does not lie in the " +
                                                  std::to_string(image.width) + "x" + std::to_string(image.height) +
                                                  " image");
  const bool takes_all = is_whole(across) && is_whole(down);
  if (!takes_all) {
    step.box = options.box;
    step.region = Region{across.begin, down.begin, across.end - across.begin, down.end - down.begin};
  }
  const bool is_whole_size = takes_all && step.size == image;
  if (options.reducing_gap == 0 || is_whole_size || is_nearest(options.how.filter)) return Geometry(step);
  const std::int64_t columns = across.block(options.reducing_gap), rows = down.block(options.reducing_gap);
  if (columns == 1 && rows == 1) return Geometry(step);
  GANTRY_RETURN_IF_ERROR(check_block(columns, rows, options.reducing_gap));
  reduce_first(step, across, down, options.reducing_gap);
  return Geometry(step);
}

std::string box_text(const image::Resize& options) {
  std::string text;
  if (options.box) text += ", box=" + text_of(*options.box);
  if (options.reducing_gap != 0) text += ", reducing_gap=" + to_text(options.reducing_gap);
  return text;
}

}  // namespace gantry::inline GANTRY_ABI::detail

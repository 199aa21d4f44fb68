// SPDX-License-Identifier: Apache-2.0
// The image ops by name. Each factory reads its parameters and calls the typed function, which checks the limits.
#include <cmath>
#include <gantry/image.hpp>
#include <gantry/registry.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::detail {
namespace {

struct Size {
  std::int64_t width;
  std::int64_t height;
};

/// `size`, or `width` and `height`.
Size read_size(ParamReader& params) {
  const bool has_sides = params.has("width") || params.has("height");
  if (params.has("size")) {
    if (has_sides) params.fail("size", "stands for width and height, which are given as well");
    const std::int64_t size = params.integer("size");
    return {size, size};
  }
  if (!has_sides) {
    params.fail("size", "is missing; give size, or width and height");
    return {};
  }
  const std::int64_t width = params.integer("width");
  return {width, params.integer("height")};
}

std::uint8_t read_byte(ParamReader& params, const char* key, std::uint8_t fallback) {
  const std::int64_t value = params.integer(key, fallback);
  if (auto ok = check_range(key, value, 0, 255); !ok) params.fail(key, ok.error().message());
  return static_cast<std::uint8_t>(value);
}

/// One number for every channel, or a list with one per channel.
image::Fill read_fill(ParamReader& params, image::Fill fallback = 0) {
  if (!params.has("value")) return fallback;
  std::vector<std::uint8_t> bytes;
  for (const double number : params.numbers("value")) {  // as floats, 9.0000001 would be 9
    if (number != std::floor(number) || number < 0 || number > 255) {
      params.fail("value", "must be 0..255, or one such number per channel, got " + to_text(number));
      return fallback;
    }
    bytes.push_back(static_cast<std::uint8_t>(number));
  }
  if (bytes.size() == 1) return {bytes[0]};
  if (bytes.size() == 3) return {bytes[0], bytes[1], bytes[2]};
  if (bytes.size() == 4) return {bytes[0], bytes[1], bytes[2], bytes[3]};
  params.fail("value", "needs one number, or one per channel, got " + std::to_string(bytes.size()));
  return fallback;
}

image::Rounding read_rounding(ParamReader& params, image::Rounding fallback) {
  return static_cast<image::Rounding>(
      params.choice("rounding", {"truncate", "round", "half_up"}, static_cast<std::size_t>(fallback)));
}

image::Centre read_centre(ParamReader& params) {
  return static_cast<image::Centre>(params.choice("centre", {"half_even", "floor", "truncate"}, 0));
}

image::Reference read_reference(ParamReader& params, image::Reference fallback) {
  return static_cast<image::Reference>(
      params.choice("reference", {"pillow", "torch_u8", "opencv"}, static_cast<std::size_t>(fallback)));
}

image::Filter read_filter(ParamReader& params, image::Filter fallback) {
  return static_cast<image::Filter>(params.choice(
      "filter", {"box", "bilinear", "hamming", "bicubic", "lanczos", "nearest", "nearest_exact", "area", "lanczos4"},
      static_cast<std::size_t>(fallback)));
}

image::Resampling read_resampling(ParamReader& params, image::Resampling how = {}) {
  how.filter = read_filter(params, how.filter);
  how.reference = read_reference(params, how.reference);
  how.antialias = params.boolean("antialias", how.antialias);
  return how;
}

Stage<Bytes, Image> read_decode(ParamReader& params) {
  image::Decode options;
  options.colour = static_cast<image::ColourMode>(params.choice("colour", {"rgb", "unchanged"}, 0));
  options.exif_orientation = params.boolean("exif_orientation", options.exif_orientation);
  options.max_pixels = params.integer("max_pixels", options.max_pixels);
  options.max_bytes = params.integer("max_bytes", options.max_bytes);
  options.max_scans = params.integer("max_scans", options.max_scans);
  options.truncated = static_cast<image::Truncated>(params.choice("truncated", {"refuse", "accept"}, 0));
  options.approx_size = params.integer("approx_size", options.approx_size);
  return image::decode(options);
}

std::optional<image::Box> read_box(ParamReader& params) {
  if (!params.has("box")) return std::nullopt;
  const std::vector<float> sides = params.floats("box");
  if (sides.size() == 4) return image::Box{sides[0], sides[1], sides[2], sides[3]};
  params.fail("box", "expected [left, top, right, bottom], got " + to_text(sides));
  return std::nullopt;
}

Stage<Image, Image> read_resize(ParamReader& params) {
  image::Resize options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.how = read_resampling(params);
  options.box = read_box(params);
  options.reducing_gap = params.number("reducing_gap", options.reducing_gap);
  return image::resize(options);
}

Stage<Image, Image> read_thumbnail(ParamReader& params) {
  image::Thumbnail options;
  const Size size = read_size(params);
  options.width = size.width;
  options.height = size.height;
  options.filter = read_filter(params, options.filter);
  options.reducing_gap = params.number("reducing_gap", options.reducing_gap);
  return image::thumbnail(options);
}

Stage<Image, Image> read_resize_short(ParamReader& params) {
  const std::int64_t size = params.integer("size");
  const image::Resampling how = read_resampling(params);
  const std::int64_t max_size = params.integer("max_size", 0);
  return image::resize_short(size, how, max_size, read_rounding(params, image::Rounding::kTruncate));
}

Stage<Image, Image> read_resize_fit(ParamReader& params) {
  image::Fit options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.fit = static_cast<image::FitTo>(params.choice("fit", {"inside", "cover", "nearest"}, 0));
  options.rounding = read_rounding(params, options.rounding);
  options.multiple = params.integer("multiple", 0);
  options.how = read_resampling(params);
  return image::resize_fit(options);
}

Stage<Image, Image> read_pad_to(ParamReader& params) {
  image::PadTo options;
  if (params.has("size") || params.has("width") || params.has("height")) {
    const Size size = read_size(params);
    options.width = size.width;
    options.height = size.height;
  }
  options.multiple = params.integer("multiple", 0);
  options.square = params.boolean("square", false);
  options.anchor = static_cast<image::Anchor>(params.choice("anchor", {"centre", "top_left"}, 0));
  options.value = read_fill(params);
  return image::pad_to(options);
}

Stage<Bytes, Image> read_raw(ParamReader& params) {
  image::Raw frame;
  frame.format = static_cast<image::RawFormat>(
      params.choice("format", {"rgb", "bgr", "rgba", "bgra", "gray", "nv12", "nv21", "i420"}));
  frame.width = params.integer("width");
  frame.height = params.integer("height");
  frame.row_stride = params.integer("row_stride", 0);
  return image::from_raw(frame);
}

Stage<Bytes, Tensor> read_raw_samples(ParamReader& params) {
  image::RawSamples samples;
  samples.sample = static_cast<image::RawSample>(params.choice("sample", {"u8", "u16", "f32"}));
  samples.width = params.integer("width");
  samples.height = params.integer("height");
  samples.channels = params.integer("channels", 1);
  samples.layout = static_cast<image::Layout>(params.choice("layout", {"chw", "hwc"}, 1));
  samples.scale = static_cast<float>(params.number("scale", 1.0));
  return image::raw_to_tensor(samples);
}

image::Sampling read_sampling(ParamReader& params, image::Filter fallback) {
  image::Sampling how;
  constexpr image::Filter kFilters[] = {image::Filter::kBilinear, image::Filter::kNearest};
  how.filter = kFilters[params.choice("filter", {"bilinear", "nearest"}, fallback == image::Filter::kNearest)];
  if (params.has("fill")) how.fill = read_byte(params, "fill", 0);
  return how;
}

Stage<Image, Image> read_affine(ParamReader& params) {
  image::Affine options;
  options.angle = params.number("angle", 0.0);
  options.translate_x = params.number("translate_x", 0.0);
  options.translate_y = params.number("translate_y", 0.0);
  options.scale = params.number("scale", 1.0);
  options.shear_x = params.number("shear_x", 0.0);
  options.shear_y = params.number("shear_y", 0.0);
  if (params.has("centre")) {
    const std::vector<double> centre = params.numbers("centre");
    if (centre.size() == 2)
      options.centre = {centre[0], centre[1]};
    else
      params.fail("centre", "expected [x, y]");
  }
  options.how = read_sampling(params, options.how.filter);
  return image::affine(options);
}

image::Corners read_corners(ParamReader& params, const char* key) {
  image::Corners corners{};
  const std::vector<double> numbers = params.numbers(key);
  if (numbers.size() != 8) params.fail(key, "expected eight numbers, x and y of four corners");
  for (std::size_t i = 0; i < 8 && numbers.size() == 8; ++i) corners[i / 2][i % 2] = numbers[i];
  return corners;
}

Stage<Image, Image> read_perspective(ParamReader& params) {
  image::Perspective options;
  options.start = read_corners(params, "start");
  options.end = read_corners(params, "end");
  options.how = read_sampling(params, options.how.filter);
  return image::perspective(options);
}

Stage<Image, Image> read_letterbox(ParamReader& params) {
  image::Letterbox options;
  const Size size = read_size(params);
  options.width = size.width;
  options.height = size.height;
  options.value = read_fill(params, options.value);
  options.scale_up = params.boolean("scale_up", options.scale_up);
  options.how = read_resampling(params, options.how);
  return image::letterbox(options);
}

Stage<Image, Image> read_pad(ParamReader& params) {
  image::Pad options;
  options.left = params.integer("left", 0);
  options.top = params.integer("top", 0);
  options.right = params.integer("right", 0);
  options.bottom = params.integer("bottom", 0);
  options.value = read_fill(params);
  options.mode = static_cast<image::PadMode>(params.choice("mode", {"constant", "edge", "reflect"}, 0));
  return image::pad(options);
}

Stage<Image, Tensor> read_to_tensor(ParamReader& params) {
  image::Normalize normalize;
  normalize.mode =
      static_cast<image::Normalize::Mode>(params.choice("mode", {"torchvision", "affine", "hf_numpy", "scaled"}, 0));
  normalize.scale = params.number("scale", normalize.scale);
  normalize.mean = params.floats("mean", normalize.mean);
  normalize.std = params.floats("std", normalize.std);
  constexpr DType kTypes[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kU8, DType::kI8};
  image::TensorFormat format;
  format.dtype = kTypes[params.choice("dtype", {"f32", "f16", "bf16", "u8", "i8"}, 0)];
  format.layout = static_cast<image::Layout>(params.choice("layout", {"chw", "hwc"}, 0));
  format.reverse_channels = params.boolean("reverse_channels", format.reverse_channels);
  return image::to_tensor(normalize, format);
}

}  // namespace

void add_image_ops(Registry& registry) {
  registry.add<Bytes, Image>("image.decode", read_decode);
  registry.add<Bytes, Image>("image.from_raw", read_raw);
  registry.add<Bytes, Tensor>("image.raw_to_tensor", read_raw_samples);
  registry.add<Image, Image>("image.resize", read_resize);
  registry.add<Image, Image>("image.resize_short", read_resize_short);
  registry.add<Image, Image>("image.resize_long", [](ParamReader& params) {
    const std::int64_t size = params.integer("size");
    const image::Resampling how = read_resampling(params);
    return image::resize_long(size, how, read_rounding(params, image::Rounding::kTruncate));
  });
  registry.add<Image, Image>("image.resize_fit", read_resize_fit);
  registry.add<Image, Image>("image.thumbnail", read_thumbnail);
  registry.add<Image, Image>("image.letterbox", read_letterbox);
  registry.add<Image, Image>("image.crop", [](ParamReader& params) {
    const std::int64_t left = params.integer("left");
    const std::int64_t top = params.integer("top");
    const std::int64_t width = params.integer("width");
    return image::crop(left, top, width, params.integer("height"));
  });
  registry.add<Image, Image>("image.center_crop", [](ParamReader& params) {
    const Size size = read_size(params);
    const image::Centre centre = read_centre(params);
    return image::center_crop(size.width, size.height, centre, read_fill(params));
  });
  registry.add<Image, std::vector<Image>>("image.five_crop", [](ParamReader& params) {
    const Size size = read_size(params);
    return image::five_crop(size.width, size.height);
  });
  registry.add<Image, Image>("image.pad", read_pad);
  registry.add<Image, Image>("image.pad_to", read_pad_to);
  registry.add<Image, Image>("image.crop_short", [](ParamReader& params) {
    const double fraction = params.number("fraction", 1.0);
    return image::crop_short(fraction, read_centre(params));
  });
  registry.add<Image, Image>("image.affine", read_affine);
  registry.add<Image, Image>("image.perspective", read_perspective);
  registry.add<Image, Image>("image.flip", [](ParamReader& params) {
    return image::flip(static_cast<image::FlipAxis>(params.choice("axis", {"horizontal", "vertical"}, 0)));
  });
  registry.add<Image, Image>("image.rotate90",
                             [](ParamReader& params) { return image::rotate90(params.integer("turns", 1)); });
  registry.add<Image, Tensor>("image.to_tensor", read_to_tensor);
  registry.add<Image, Image>("image.to_gray", [](ParamReader& params) {
    return image::to_gray(read_reference(params, image::Reference::kPillow));
  });
  registry.add<Image, Image>("image.to_rgb", [](ParamReader&) { return image::to_rgb(); });
  registry.add<Image, Image>("image.premultiply", [](ParamReader&) { return image::premultiply(); });
  registry.add<Image, Image>("image.unpremultiply", [](ParamReader&) { return image::unpremultiply(); });
  registry.add_predicate(image::is_gray());
}

}  // namespace gantry::detail

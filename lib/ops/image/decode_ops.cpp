// SPDX-License-Identifier: Apache-2.0
// image.decode, image.from_raw and image.raw_to_tensor by name.
#include "ops/image/op_parameters.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<Bytes, Image> read_decode(ParamReader& params) {
  image::Decode options;
  options.colour = static_cast<image::ColourMode>(params.choice("colour"));
  options.exif_orientation = params.boolean("exif_orientation");
  options.max_pixels = params.integer("max_pixels");
  options.max_bytes = params.integer("max_bytes");
  options.max_scans = params.integer("max_scans");
  options.truncated = static_cast<image::Truncated>(params.choice("truncated"));
  options.approx_size = params.integer("approx_size");
  return image::decode(options);
}

OpDescription decode_description() {
  const image::Decode defaults;
  return {.summary = "decodes JPEG, PNG or WebP, told apart by content; a side over 65535 is refused",
          .parameters =
              {OpParameter::choice("colour", {"rgb", "unchanged"}, "unchanged keeps gray and alpha").by_default("rgb"),
               OpParameter::boolean("exif_orientation", "turn the picture upright").by_default(false),
               OpParameter::integer("max_pixels", 1, kMaxImageSize, "larger ones are refused")
                   .by_default(defaults.max_pixels),
               OpParameter::integer("max_bytes", 1, kMaxImageSize, "of the file").by_default(defaults.max_bytes),
               OpParameter::integer("max_scans", 1, kMaxImageSize, "of a JPEG").by_default(defaults.max_scans),
               OpParameter::choice("truncated", {"refuse", "accept"}, "a file that ends early").by_default("refuse"),
               OpParameter::integer("approx_size", 0, kMaxSide,
                                    "a JPEG may be decoded smaller while both sides are at least this; 0: exact")
                   .by_default(defaults.approx_size)},
          .reference =
              "pillow: `Image.open`, `ImageOps.exif_transpose`, `convert(\"RGB\")`; accept: "
              "`LOAD_TRUNCATED_IMAGES`",
          .tolerance = "exact; with `approx_size` there is no reference",
          .example = R"({"op": "image.decode", "exif_orientation": true})"};
}

Stage<Bytes, Image> read_raw(ParamReader& params) {
  image::Raw frame;
  frame.format = static_cast<image::RawFormat>(params.choice("format"));
  frame.width = params.integer("width");
  frame.height = params.integer("height");
  frame.row_stride = params.integer("row_stride");
  return image::from_raw(frame);
}

OpDescription raw_description() {
  return {.summary = "takes the pixels of a camera or a video decoder; the number of bytes must fit",
          .parameters =
              joined({OpParameter::choice("format", {"rgb", "bgr", "rgba", "bgra", "gray", "nv12", "nv21", "i420"},
                                          "what the bytes are")},
                     joined(side_parameters("even for 4:2:0"),
                            {OpParameter::integer("row_stride", 0, kMaxImageSize,
                                                  "bytes from row to row, even for 4:2:0; 0: no gaps")
                                 .by_default(0)})),
          .reference = "opencv: `cv2.cvtColor` (`COLOR_YUV2RGB_NV12`, ...)",
          .tolerance = "exact",
          .example = R"({"op": "image.from_raw", "format": "rgb", "width": 1280, "height": 720})"};
}

Stage<Bytes, Tensor> read_raw_samples(ParamReader& params) {
  image::RawSamples samples;
  samples.sample = static_cast<image::RawSample>(params.choice("sample"));
  samples.width = params.integer("width");
  samples.height = params.integer("height");
  samples.channels = params.integer("channels");
  samples.layout = static_cast<image::Layout>(params.choice("layout"));
  samples.scale = static_cast<float>(params.number("scale"));
  return image::raw_to_tensor(samples);
}

OpDescription raw_samples_description() {
  return {.summary = "makes a tensor of samples as a sensor gives them",
          .output = "f32[channels, height, width]",
          .parameters = joined({OpParameter::choice("sample", {"u8", "u16", "f32"}, "little-endian")},
                               joined(side_parameters(""),
                                      {OpParameter::integer("channels", 1, kMaxSide, "").by_default(1),
                                       OpParameter::choice("layout", {"chw", "hwc"}, "of the bytes").by_default("hwc"),
                                       OpParameter::number("scale", "what samples are multiplied by").by_default(1)})),
          .reference = "numpy: `astype(float32) * float32(scale)`",
          .tolerance = "exact",
          .example = R"({"op": "image.raw_to_tensor", "sample": "u16", "width": 512, "height": 512})"};
}

}  // namespace

void add_decode_ops(Registry& registry) {
  registry.add<Bytes, Image>("image.decode", read_decode, decode_description);
  registry.add<Bytes, Image>("image.from_raw", read_raw, raw_description);
  registry.add<Bytes, Tensor>("image.raw_to_tensor", read_raw_samples, raw_samples_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail

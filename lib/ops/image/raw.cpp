// SPDX-License-Identifier: Apache-2.0
// image.from_raw and image.raw_to_tensor.
#include <gantry/image/raw.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "core/return_if_error.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

constexpr std::array<const char*, 8> kFormats = {"rgb", "bgr", "rgba", "bgra", "gray", "nv12", "nv21", "i420"};
constexpr std::array<const char*, 3> kSamples = {"u8", "u16", "f32"};

template <std::size_t N, class E>
std::string name_of(const std::array<const char*, N>& names, E value) {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? names[index] : "unknown";
}

bool is_420(RawFormat format) {
  return format == RawFormat::kNv12 || format == RawFormat::kNv21 || format == RawFormat::kI420;
}

Colour colour_of(RawFormat format) {
  if (format == RawFormat::kGray) return Colour::kGray;
  return format == RawFormat::kRgba || format == RawFormat::kBgra ? Colour::kRgba : Colour::kRgb;
}

/// The bytes of a row of the first plane, without padding.
std::int64_t row_bytes(const Raw& frame) {
  return is_420(frame.format) ? frame.width
                              : frame.width * static_cast<std::int64_t>(channels_of(colour_of(frame.format)));
}

std::int64_t stride_of(const Raw& frame) {
  return frame.row_stride == 0 ? row_bytes(frame) : frame.row_stride;
}

Result<void> check(const Raw& frame) {
  if (static_cast<std::size_t>(frame.format) >= kFormats.size())
    return Error(ErrorCode::kInvalidArgument, "unknown format");
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", frame.width));
  GANTRY_RETURN_IF_ERROR(detail::check_side("height", frame.height));
  if (frame.row_stride != 0)
    GANTRY_RETURN_IF_ERROR(
        detail::check_range("row_stride", frame.row_stride, row_bytes(frame), detail::kMaxImageSize));
  if (is_420(frame.format) && (frame.width % 2 != 0 || frame.height % 2 != 0 || stride_of(frame) % 2 != 0))
    return Error(ErrorCode::kInvalidArgument, "width, height and row_stride of " + name_of(kFormats, frame.format) +
                                                  " must be even, got " + std::to_string(frame.width) + ", " +
                                                  std::to_string(frame.height) + " and " +
                                                  std::to_string(stride_of(frame)));
  return {};
}

/// The bytes up to the end of the last pixel, and up to the end of its row with padding.
struct Extent {
  std::int64_t least;
  std::int64_t most;
};

Extent extent_of(const Raw& frame) {
  const std::int64_t stride = stride_of(frame);
  const std::int64_t rows = is_420(frame.format) ? frame.height / 2 * 3 : frame.height;
  const bool is_planar = frame.format == RawFormat::kI420;
  return {stride * rows - (stride - row_bytes(frame)) / (is_planar ? 2 : 1), stride * rows};
}

Error wrong_size(std::int64_t least, std::int64_t most, std::size_t got) {
  std::string expected = std::to_string(least);
  if (most != least) expected += " to " + std::to_string(most);
  return Error(ErrorCode::kInvalidArgument, "expected " + expected + " bytes, got " + std::to_string(got));
}

void copy_row(const std::uint8_t* row, RawFormat format, std::int64_t width, std::uint8_t* out) {
  const std::size_t channels = channels_of(colour_of(format));
  const bool is_swapped = format == RawFormat::kBgr || format == RawFormat::kBgra;
  if (!is_swapped) {
    std::memcpy(out, row, static_cast<std::size_t>(width) * channels);
    return;
  }
  for (std::int64_t x = 0; x < width; ++x, row += channels, out += channels) {
    std::memcpy(out, row, channels);
    std::swap(out[0], out[2]);
  }
}

std::uint8_t to_byte(int value) {
  return static_cast<std::uint8_t>(std::clamp(value >> 20, 0, 255));
}

/// OpenCV's BT.601 (modules/imgproc/src/color_yuv.simd.hpp): coefficients times 2^20.
void yuv_pixel(int y, int u, int v, std::uint8_t* out) {
  const int luma = std::max(y - 16, 0) * 1220542 + (1 << 19);
  u -= 128;
  v -= 128;
  out[0] = to_byte(luma + 1673527 * v);
  out[1] = to_byte(luma - 852492 * v - 409993 * u);
  out[2] = to_byte(luma + 2116026 * u);
}

/// Where U and V of a pair of rows begin, and how far apart their samples are.
struct Chroma {
  const std::uint8_t* u;
  const std::uint8_t* v;
  std::size_t step;
};

Chroma chroma_of(const Raw& frame, const std::uint8_t* bytes, std::int64_t row) {
  const std::int64_t stride = stride_of(frame);
  const std::uint8_t* plane = bytes + stride * frame.height;
  if (frame.format == RawFormat::kI420) {
    const std::uint8_t* u = plane + row / 2 * (stride / 2);
    return {u, u + stride / 2 * (frame.height / 2), 1};
  }
  const std::uint8_t* pairs = plane + row / 2 * stride;
  return frame.format == RawFormat::kNv12 ? Chroma{pairs, pairs + 1, 2} : Chroma{pairs + 1, pairs, 2};
}

void convert_row(const Raw& frame, const std::uint8_t* bytes, std::int64_t row, std::uint8_t* out) {
  const std::uint8_t* luma = bytes + stride_of(frame) * row;
  const Chroma chroma = chroma_of(frame, bytes, row);
  for (std::int64_t x = 0; x < frame.width; ++x, out += 3) {
    const std::size_t at = static_cast<std::size_t>(x / 2) * chroma.step;
    yuv_pixel(luma[x], chroma.u[at], chroma.v[at], out);
  }
}

Result<Image> read_frame(const Raw& frame, const Bytes& bytes) {
  const Extent extent = extent_of(frame);
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (size < extent.least || size > extent.most) return wrong_size(extent.least, extent.most, bytes.size());
  auto image = Image::make(frame.width, frame.height, colour_of(frame.format));
  if (!image) return image;
  for (std::int64_t y = 0; y < frame.height; ++y) {
    if (is_420(frame.format))
      convert_row(frame, bytes.data(), y, image->mutable_row(y));
    else
      copy_row(bytes.data() + stride_of(frame) * y, frame.format, frame.width, image->mutable_row(y));
  }
  return image;
}

std::int64_t sample_bytes(RawSample sample) {
  return sample == RawSample::kU8 ? 1 : sample == RawSample::kU16 ? 2 : 4;
}

Result<void> check(const RawSamples& samples) {
  if (static_cast<std::size_t>(samples.sample) >= kSamples.size() ||
      (samples.layout != Layout::kHwc && samples.layout != Layout::kChw))
    return Error(ErrorCode::kInvalidArgument, "unknown sample or layout");
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", samples.width));
  GANTRY_RETURN_IF_ERROR(detail::check_side("height", samples.height));
  GANTRY_RETURN_IF_ERROR(detail::check_side("channels", samples.channels));
  if (std::isfinite(samples.scale)) return {};
  return Error(ErrorCode::kInvalidArgument, "scale must be finite, got " + detail::to_text(samples.scale));
}

template <class T>
float load(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return static_cast<float>(value);
}

template <class T>
void spread(const RawSamples& samples, const std::uint8_t* bytes, float* out) {
  const std::int64_t pixels = samples.width * samples.height;
  const bool is_planar = samples.layout == Layout::kChw;
  for (std::int64_t c = 0; c < samples.channels; ++c)
    for (std::int64_t i = 0; i < pixels; ++i) {
      const std::int64_t at = is_planar ? c * pixels + i : i * samples.channels + c;
      *out++ = load<T>(bytes + static_cast<std::size_t>(at) * sizeof(T)) * samples.scale;
    }
}

Result<Tensor> read_samples(const RawSamples& samples, const Bytes& bytes) {
  const std::int64_t pixels = samples.width * samples.height;
  if (samples.channels > detail::kMaxImageSize / 4 / pixels)
    return Error(ErrorCode::kResourceExhausted, "a tensor of " + std::to_string(samples.channels) + "x" +
                                                    std::to_string(samples.height) + "x" +
                                                    std::to_string(samples.width) + " floats exceeds the limit of " +
                                                    std::to_string(detail::kMaxImageSize) + " bytes")
        .with_reason(ErrorReason::kInputTooLarge);
  const std::int64_t expected = pixels * samples.channels * sample_bytes(samples.sample);
  if (static_cast<std::int64_t>(bytes.size()) != expected) return wrong_size(expected, expected, bytes.size());
  auto tensor = Tensor::make(DType::kF32, {samples.channels, samples.height, samples.width});
  if (!tensor) return tensor;
  auto* out = static_cast<float*>(tensor->mutable_data());
  if (samples.sample == RawSample::kU8) spread<std::uint8_t>(samples, bytes.data(), out);
  if (samples.sample == RawSample::kU16) spread<std::uint16_t>(samples, bytes.data(), out);
  if (samples.sample == RawSample::kF32) spread<float>(samples, bytes.data(), out);
  return tensor;
}

std::string sides_of(std::int64_t width, std::int64_t height) {
  return ", width=" + std::to_string(width) + ", height=" + std::to_string(height);
}

}  // namespace

Stage<Bytes, Image> from_raw(const Raw& frame) {
  std::string text = "format=" + name_of(kFormats, frame.format) + sides_of(frame.width, frame.height);
  if (frame.row_stride != 0) text += ", row_stride=" + std::to_string(frame.row_stride);
  return detail::make_op<Bytes, Image>("image.from_raw", frame, std::move(text), check(frame),
                                       [](const Raw& raw, const Bytes& bytes, const CallContext& call) {
                                         call.set_frame(Frame::of(raw.width, raw.height));
                                         return read_frame(raw, bytes);
                                       });
}

Stage<Bytes, Tensor> raw_to_tensor(const RawSamples& samples) {
  std::string text = "sample=" + name_of(kSamples, samples.sample) + sides_of(samples.width, samples.height) +
                     ", channels=" + std::to_string(samples.channels) +
                     (samples.layout == Layout::kChw ? ", layout=chw" : ", layout=hwc") +
                     ", scale=" + detail::to_text(samples.scale);
  return detail::make_op<Bytes, Tensor>("image.raw_to_tensor", samples, std::move(text), check(samples),
                                        [](const RawSamples& raw, const Bytes& bytes, const CallContext& call) {
                                          call.set_frame(Frame::of(raw.width, raw.height));
                                          return read_samples(raw, bytes);
                                        });
}

}  // namespace gantry::inline GANTRY_ABI::image

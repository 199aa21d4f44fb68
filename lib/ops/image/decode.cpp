// SPDX-License-Identifier: Apache-2.0
// image.decode: tells the format by its first bytes and hands over to its decoder.
#include <algorithm>
#include <cstring>
#include <gantry/image.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "ops/image/decoder.hpp"
#include "ops/image/image_op.hpp"
#include "ops/image/orientation.hpp"
#include "ops/parameters.hpp"

namespace gantry {
namespace detail {
namespace {

std::string_view text_of(const Bytes& file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

bool starts_with(std::string_view file, std::string_view magic) {
  return file.substr(0, magic.size()) == magic;
}

std::string first_bytes(std::string_view file) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : file.substr(0, 8)) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ' ';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<Decoded> decode_by_content(const image::Decode& options, const Bytes& bytes) {
  const std::string_view file = text_of(bytes);
  if (is_jpeg(bytes)) return decode_jpeg(bytes, options);
  if (starts_with(file, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, options);
  if (starts_with(file, "RIFF") && file.substr(0, 12).substr(8) == "WEBP") return decode_webp(bytes, options);
  return Error(ErrorCode::kInvalidArgument, "not a JPEG, PNG or WebP image; it starts with " + first_bytes(file));
}

}  // namespace

Result<void> check_dimensions(const char* format, std::uint64_t width, std::uint64_t height,
                              const image::Decode& options) {
  const std::string size =
      std::string(format) + " image of " + std::to_string(width) + "x" + std::to_string(height) + " pixels";
  if (width == 0 || height == 0) return Error(ErrorCode::kInvalidArgument, "corrupt " + size);
  if (std::max(width, height) > static_cast<std::uint64_t>(kMaxSide))
    return Error(ErrorCode::kResourceExhausted, size + " has a side of more than " + std::to_string(kMaxSide));
  if (width * height > static_cast<std::uint64_t>(options.max_pixels))
    return Error(ErrorCode::kResourceExhausted, size + " exceeds max_pixels=" + std::to_string(options.max_pixels));
  return {};
}

Result<void> check_file(const Bytes& file, const image::Decode& options) {
  if (file.empty()) return Error(ErrorCode::kInvalidArgument, "no image: 0 bytes");
  if (file.size() <= static_cast<std::size_t>(options.max_bytes)) return {};
  return Error(ErrorCode::kResourceExhausted, "image file of " + std::to_string(file.size()) +
                                                  " bytes exceeds max_bytes=" + std::to_string(options.max_bytes));
}

bool is_jpeg(const Bytes& file) {
  return starts_with(text_of(file), "\xff\xd8\xff");
}

Result<Image> decode_image(const Bytes& file, const image::Decode& options) {
  auto decoded = decode_by_content(options, file);
  if (!decoded) return std::move(decoded).error();
  return oriented(decoded->image, static_cast<Orientation>(decoded->orientation));
}

}  // namespace detail

namespace image {
namespace {

Result<void> check(const Decode& options) {
  if (options.colour != ColourMode::kRgb && options.colour != ColourMode::kUnchanged)
    return Error(ErrorCode::kInvalidArgument, "unknown colour");
  if (auto ok = detail::check_range("max_pixels", options.max_pixels, 1, detail::kMaxImageSize); !ok) return ok;
  return detail::check_range("max_bytes", options.max_bytes, 1, detail::kMaxImageSize);
}

Result<Image> run_decode(const Decode& options, const Bytes& bytes) {
  if (auto ok = detail::check_file(bytes, options); !ok) return std::move(ok).error();
  return detail::decode_image(bytes, options);
}

}  // namespace

Stage<Bytes, Image> decode(const Decode& options) {
  const bool is_rgb = options.colour == ColourMode::kRgb;
  return detail::fusible(detail::make_op<Bytes, Image>(
      "image.decode", options,
      std::string("colour=") + (is_rgb ? "rgb" : "unchanged") +
          ", exif_orientation=" + (options.exif_orientation ? "true" : "false") +
          ", max_pixels=" + std::to_string(options.max_pixels) + ", max_bytes=" + std::to_string(options.max_bytes),
      check(options), [](const Decode& p, Bytes&& bytes) { return run_decode(p, bytes); }));
}

}  // namespace image
}  // namespace gantry

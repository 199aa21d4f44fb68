// SPDX-License-Identifier: Apache-2.0
// The headers that the decoders read, without the limits of a decode.
#include <gantry/image.hpp>
#include <limits>

#include "ops/image/decoder.hpp"
#include "ops/image/file_format.hpp"
#include "ops/image/jpeg/jpeg_stream.hpp"
#include "ops/image/png/png_stream.hpp"

namespace gantry::image {
namespace {

template <class Stream>
Header header_of(FileFormat format, const Stream& stream, int bit_depth) {
  return {format, stream.size().width, stream.size().height, stream.colour(), bit_depth, stream.orientation()};
}

}  // namespace

const char* to_string(FileFormat format) noexcept {
  switch (format) {
    case FileFormat::kJpeg:
      return "JPEG";
    case FileFormat::kPng:
      return "PNG";
    case FileFormat::kWebp:
      return "WebP";
  }
  return "unknown";
}

Result<Header> probe_header(const Bytes& file) {
  Decode options;
  options.colour = ColourMode::kUnchanged;
  options.exif_orientation = true;
  options.max_pixels = std::numeric_limits<std::int64_t>::max();
  options.max_bytes = std::numeric_limits<std::int64_t>::max();
  if (auto ok = detail::check_file(file, options); !ok) return std::move(ok).error();
  if (detail::is_jpeg(file)) {
    const auto stream = detail::JpegStream::open(file, options);
    if (!stream) return stream.error();
    return header_of(FileFormat::kJpeg, **stream, 8);
  }
  if (detail::is_png(file)) {
    const auto stream = detail::PngStream::open(file, options);
    if (!stream) return stream.error();
    return header_of(FileFormat::kPng, **stream, (*stream)->bit_depth());
  }
  if (!detail::is_webp(file)) return detail::not_read(file);
  const auto webp = detail::read_webp_header(file, options);
  if (!webp) return webp.error();
  return Header{FileFormat::kWebp, webp->width, webp->height, webp->colour, 8, webp->orientation};
}

}  // namespace gantry::image

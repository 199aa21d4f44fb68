// SPDX-License-Identifier: Apache-2.0
// Reads the headers of files with the decoders, without the limits of image.decode.
#include <gantry/image.hpp>
#include <limits>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/file_format.hpp"
#include "ops/image/jpeg/jpeg_stream.hpp"
#include "ops/image/png/png_stream.hpp"

namespace gantry::inline GANTRY_ABI::image {
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
  GANTRY_RETURN_IF_ERROR(detail::check_file(file, options));
  if (detail::is_jpeg(file)) {
    GANTRY_ASSIGN_OR_RETURN(const auto stream, detail::JpegStream::open(file, options));
    return header_of(FileFormat::kJpeg, *stream, 8);
  }
  if (detail::is_png(file)) {
    GANTRY_ASSIGN_OR_RETURN(const auto stream, detail::PngStream::open(file, options));
    return header_of(FileFormat::kPng, *stream, stream->bit_depth());
  }
  if (!detail::is_webp(file)) return detail::not_read(file);
  GANTRY_ASSIGN_OR_RETURN(const auto webp, detail::read_webp_header(file, options));
  return Header{FileFormat::kWebp, webp.width, webp.height, webp.colour, 8, webp.orientation};
}

}  // namespace gantry::inline GANTRY_ABI::image

// SPDX-License-Identifier: Apache-2.0
// Chooses the colours that libjpeg gives, converts them, and decides which errors count.
#include "ops/image/jpeg/jpeg_stream.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/jpeg/jpeg_reader.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Pillow's "CMYK;I" (Adobe stores CMYK inverted) and then cmyk2rgb (src/libImaging/Convert.c).
void inverted_cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i, cmyk += 4, rgb += 3) {
    const std::uint32_t white = cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const std::uint32_t product = (255u - cmyk[c]) * white + 128u;
      rgb[c] = static_cast<std::uint8_t>(white - (((product >> 8) + product) >> 8));
    }
  }
}

}  // namespace

JpegStream::JpegStream(std::unique_ptr<JpegReader> reader, const image::Decode& options)
    : reader_(std::move(reader)), accepts_truncated_(options.truncated == image::Truncated::kAccept) {
  is_cmyk_ = reader_->components() == 4;
  if (reader_->components() == 1 && options.colour == image::ColourMode::kUnchanged) colour_ = Colour::kGray;
}

JpegStream::~JpegStream() = default;

Result<std::unique_ptr<JpegStream>> JpegStream::open(const Bytes& file, const image::Decode& options,
                                                     const CallContext* call) {
  auto reader = std::make_unique<JpegReader>(file, options, call);
  GANTRY_RETURN_IF_ERROR(reader->read_header());
  GANTRY_RETURN_IF_ERROR(check_dimensions("JPEG", reader->stored_width(), reader->stored_height(), options));
  const int components = reader->components();
  if (components != 1 && components != 3 && components != 4)
    return Error(ErrorCode::kUnsupported, "JPEG with " + std::to_string(components) + " components")
        .with_reason(ErrorReason::kMediaType);
  std::unique_ptr<JpegStream> stream(new JpegStream(std::move(reader), options));
  GANTRY_RETURN_IF_ERROR(check_image_bytes(stream->size(), channels_of(stream->colour())));
  return stream;
}

StoredPicture JpegStream::picture() const {
  return {{static_cast<std::int64_t>(reader_->stored_width()), static_cast<std::int64_t>(reader_->stored_height())},
          static_cast<int>(reader_->shrunk_by())};
}

ImageSize JpegStream::size() const {
  return {reader_->width(), reader_->height()};
}

std::uint8_t JpegStream::orientation() const {
  return reader_->orientation();
}

Result<void> JpegStream::select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) {
  is_started_ = true;
  const J_COLOR_SPACE colours = is_cmyk_ ? JCS_CMYK : colour_ == Colour::kGray ? JCS_GRAYSCALE : JCS_RGB;
  auto ok = reader_->start(colours, static_cast<JDIMENSION>(first_row), static_cast<JDIMENSION>(first_column),
                           static_cast<JDIMENSION>(columns));
  if (!ok && !is_accepted(ok.error())) return ok;
  if (is_cmyk_) cmyk_row_.resize(reader_->decoded_columns() * 4);
  return {};
}

std::size_t JpegStream::row_bytes() const {
  return reader_->decoded_columns() * channels_of(colour_);
}

std::size_t JpegStream::offset_bytes() const {
  return reader_->first_selected() * channels_of(colour_);
}

Result<void> JpegStream::read_rows(std::uint8_t* const* rows, std::size_t count) {
  if (!accepts_truncated_) return read_some(rows, count);
  for (std::size_t i = 0; i < count; ++i) {  // one by one, to keep the rows before an error
    if (!is_broken_)
      if (auto ok = read_some(rows + i, 1); !ok && !is_accepted(ok.error())) return ok;
    if (is_broken_) std::fill_n(rows[i], row_bytes(), static_cast<std::uint8_t>(is_cmyk_ ? 255 : 0));
  }
  return {};
}

/// Accepts errors about the file, but not about the call or the machine.
bool JpegStream::is_accepted(const Error& error) {
  is_broken_ = accepts_truncated_ && error.code() == ErrorCode::kInvalidArgument;
  return is_broken_;
}

Result<void> JpegStream::read_some(std::uint8_t* const* rows, std::size_t count) {
  if (!is_cmyk_) return reader_->read_rows(rows, count);
  std::uint8_t* const cmyk = cmyk_row_.data();
  for (std::size_t i = 0; i < count; ++i) {
    GANTRY_RETURN_IF_ERROR(reader_->read_rows(&cmyk, 1));
    inverted_cmyk_to_rgb(cmyk, rows[i], reader_->decoded_columns());
  }
  return {};
}

Result<void> JpegStream::finish() {
  if (accepts_truncated_) return {};
  if (!is_started_) GANTRY_RETURN_IF_ERROR(select(0, 0, size().width));
  return reader_->finish();
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_stream.hpp"

#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kWorkOfARow = 64;

}  // namespace

PngStream::PngStream(const Bytes& file, const image::Decode& options, const CallContext* call)
    : file_(file), options_(options), call_(call), watch_(call) {}

PngStream::~PngStream() = default;

Result<std::unique_ptr<PngStream>> PngStream::open(const Bytes& file, const image::Decode& options,
                                                   const CallContext* call) {
  std::unique_ptr<PngStream> stream(new PngStream(file, options, call));
  GANTRY_RETURN_IF_ERROR(stream->read_header());
  return stream;
}

Result<void> PngStream::read_header() {
  GANTRY_ASSIGN_OR_RETURN(header_, read_png_header(file_, options_, watch_));
  colour_ = options_.colour == image::ColourMode::kRgb ? Colour::kRgb : unchanged_colour(header_.format);
  is_read_whole_ = header_.is_interlaced || header_.region;
  return check_image_bytes(size(), channels_of(colour_));
}

PngRegion PngStream::region() const {
  return header_.region.value_or(PngRegion{0, 0, size().width, size().height});
}

void PngStream::begin() {
  const std::size_t bits = pixel_bits(header_.format);
  raw_row_bytes_ = PngPixels::row_bytes(size().width, bits);
  rows_left_ = region().height;
  pixels_.emplace(file_, header_.pixels, region().width, bits, options_.truncated == image::Truncated::kAccept, watch_);
  if (!is_stored_as(header_.format, colour_)) rows_.emplace(header_.format, colour_);
  image_.assign(is_read_whole_ ? raw_row_bytes_ * static_cast<std::size_t>(size().height) : raw_row_bytes_, 0);
}

/// Reads all samples, if they do not come in the order of the image.
Result<void> PngStream::read_whole() {
  const PngRegion part = region();
  if (!header_.is_interlaced)
    return read_pass({part.left, part.top, 1, 1}, {part.left + part.width, part.top + part.height});
  // Pillow puts an interlaced part at the top left, even if it belongs elsewhere.
  const ImageSize interlaced{part.width, part.height};
  rows_left_ = 0;
  for (const PngPass& pass : kPngPasses) rows_left_ += pass.rows(interlaced);
  for (const PngPass& pass : kPngPasses) GANTRY_RETURN_IF_ERROR(read_pass(pass, interlaced));
  return {};
}

Result<void> PngStream::read_pass(const PngPass& pass, ImageSize size) {
  const std::int64_t columns = pass.columns(size);
  pixels_->begin_pass();
  for (std::int64_t y = 0; y < pass.rows(size); ++y) {
    if (auto ok = next_row(columns); !ok || has_ended_) return ok;
    const std::int64_t row = pass.first_row + y * pass.row_step;
    place_png_row(pass, pixels_->row(), columns, pixel_bits(header_.format),
                  image_.data() + static_cast<std::size_t>(row) * raw_row_bytes_);
  }
  return {};
}

/// Reads the next row into pixels_, unless has_ended_.
Result<void> PngStream::next_row(std::int64_t columns) {
  if (has_ended_) return {};
  if (watch_.is_over(kWorkOfARow + raw_row_bytes_)) return watch_.interruption();
  const PngStatus status = pixels_->next_row(columns, rows_left_--);
  if (status == PngStatus::kOk) return {};
  if (status == PngStatus::kInterrupted) return watch_.interruption();
  has_ended_ = status == PngStatus::kEnded || options_.truncated == image::Truncated::kAccept;
  if (has_ended_) return {};
  if (status == PngStatus::kTruncated) return truncated("PNG", file_.size());
  return corrupt("PNG", "its pixels cannot be decompressed, or not as a PNG's");
}

Result<void> PngStream::select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) {
  first_column_ = first_column;
  columns_ = columns;
  begin();
  if (is_read_whole_) {
    rows_read_ = first_row;
    return read_whole();
  }
  for (; rows_read_ < first_row; ++rows_read_) GANTRY_RETURN_IF_ERROR(next_row(size().width));
  return {};
}

std::size_t PngStream::row_bytes() const {
  return static_cast<std::size_t>(columns_) * channels_of(colour_);
}

std::size_t PngStream::offset_bytes() const {
  return 0;
}

Result<void> PngStream::read_rows(std::uint8_t* const* rows, std::size_t count) {
  if (call_ != nullptr) GANTRY_RETURN_IF_ERROR(call_->interruption());
  for (std::size_t i = 0; i < count; ++i) GANTRY_RETURN_IF_ERROR(read_row(rows[i]));
  return {};
}

Result<void> PngStream::read_row(std::uint8_t* out) {
  const std::uint8_t* raw = image_.data();
  if (is_read_whole_) {
    raw += static_cast<std::size_t>(rows_read_) * raw_row_bytes_;
  } else {
    GANTRY_RETURN_IF_ERROR(next_row(size().width));
    if (!has_ended_) raw = pixels_->row();
  }
  ++rows_read_;
  if (rows_)
    rows_->convert(raw, static_cast<std::size_t>(first_column_), static_cast<std::size_t>(columns_), out);
  else
    std::copy_n(raw + static_cast<std::size_t>(first_column_) * channels_of(colour_), row_bytes(), out);
  return {};
}

/// Gives what is wrong with the rows that were not asked for, or behind them.
Result<void> PngStream::finish() {
  if (options_.truncated == image::Truncated::kAccept) return {};
  if (!pixels_) GANTRY_RETURN_IF_ERROR(select(0, 0, size().width));
  for (; !is_read_whole_ && rows_read_ < size().height; ++rows_read_) GANTRY_RETURN_IF_ERROR(next_row(size().width));
  if (header_.behind_pixels) return *header_.behind_pixels;
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail

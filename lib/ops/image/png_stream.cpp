// SPDX-License-Identifier: Apache-2.0
// Checksums are handled as Pillow handles them: those of chunks before the pixels and of the pixels as a whole count,
// those of the pixels' chunks do not.
#include "ops/image/png_stream.hpp"

#include <spng.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "ops/image/decoder.hpp"
#include "ops/image/exif.hpp"

namespace gantry::detail {
namespace {

/// Bounds what metadata may take, decompressed texts included.
constexpr std::size_t kMaxMetadataBytes = std::size_t{64} << 20;

PngFormat format_of(spng_ctx* context, const spng_ihdr& header) {
  PngFormat format;
  format.colour_type = header.color_type;
  format.bit_depth = header.bit_depth;
  spng_plte palette;
  if (header.color_type == SPNG_COLOR_TYPE_INDEXED && spng_get_plte(context, &palette) == SPNG_OK)
    for (std::size_t i = 0; i < palette.n_entries; ++i) {
      const spng_plte_entry& entry = palette.entries[i];
      format.palette[i] = {entry.red, entry.green, entry.blue, 255};
    }
  spng_trns transparency;
  format.has_transparency = spng_get_trns(context, &transparency) == SPNG_OK;
  if (!format.has_transparency) return format;
  if (header.color_type == SPNG_COLOR_TYPE_INDEXED)
    for (std::size_t i = 0; i < transparency.n_type3_entries; ++i) format.palette[i][3] = transparency.type3_alpha[i];
  else if (header.color_type == SPNG_COLOR_TYPE_GRAYSCALE)
    format.transparent = {transparency.gray, transparency.gray, transparency.gray};
  else
    format.transparent = {transparency.red, transparency.green, transparency.blue};
  return format;
}

/// What ImageMagick writes: a line with a name, one with a length, and the Exif in hexadecimal digits.
std::string raw_profile(std::string_view text) {
  for (int lines = 0; lines < 3; ++lines) {
    const std::size_t end = text.find('\n');
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(c);
    if (digit == std::string_view::npos) continue;
    const int value = static_cast<int>(digit < 16 ? digit : digit - 6);
    if (high >= 0) bytes += static_cast<char>(high * 16 + value);
    high = high >= 0 ? -1 : value;
  }
  return bytes;
}

}  // namespace

void PngStream::FreeContext::operator()(spng_ctx* context) const {
  spng_ctx_free(context);
}

PngStream::PngStream(const Bytes& file, const image::Decode& options, const RunOptions* call)
    : file_(file), options_(options), call_(call), file_bytes_(file.size()) {}

PngStream::~PngStream() = default;

Result<std::unique_ptr<PngStream>> PngStream::open(const Bytes& file, const image::Decode& options,
                                                   const RunOptions* call) {
  std::unique_ptr<PngStream> stream(new PngStream(file, options, call));
  if (auto ok = stream->read_header(); !ok) return std::move(ok).error();
  return stream;
}

/// A decoder of the file, with its first chunk read.
Result<spng_ihdr> PngStream::make_context() {
  context_.reset(spng_ctx_new(0));
  if (!context_) return Error(ErrorCode::kResourceExhausted, "no memory to decode a PNG image");
  spng_set_chunk_limits(context_.get(), kMaxMetadataBytes, kMaxMetadataBytes);
  if (auto ok = check(spng_set_png_buffer(context_.get(), file_.data(), file_.size())); !ok)
    return std::move(ok).error();
  spng_ihdr header;
  if (auto ok = check(spng_get_ihdr(context_.get(), &header)); !ok) return std::move(ok).error();
  return header;
}

Result<void> PngStream::read_header() {
  auto first = make_context();
  if (!first) return std::move(first).error();
  const spng_ihdr& header = *first;
  if (auto ok = check_dimensions("PNG", header.width, header.height, options_); !ok) return ok;
  end_ = png_end(file_);
  if (end_ == PngEnd::kInPixels) {
    file_ = closed_png(file_);
    if (auto again = make_context(); !again) return std::move(again).error();
  }
  size_ = {header.width, header.height};
  is_interlaced_ = header.interlace_method != SPNG_INTERLACE_NONE;
  if (auto ok = check(spng_decode_chunks(context_.get())); !ok) return ok;  // up to the pixels
  format_ = format_of(context_.get(), header);
  colour_ = options_.colour == image::ColourMode::kRgb ? Colour::kRgb : unchanged_colour(format_);
  if (options_.exif_orientation) read_orientation();
  return check_image_bytes(size_, channels_of(colour_));
}

Result<void> PngStream::begin() {
  is_started_ = true;
  std::size_t raw_bytes = 0;
  if (auto ok = check(spng_decoded_image_size(context_.get(), SPNG_FMT_RAW, &raw_bytes)); !ok) return ok;
  raw_row_bytes_ = raw_bytes / static_cast<std::size_t>(size_.height);
  if (!is_stored_as(format_, colour_)) rows_.emplace(format_, colour_);
  if (is_interlaced_ || rows_) raw_.assign(is_interlaced_ ? raw_bytes : raw_row_bytes_, 0);
  const int status = spng_decode_image(context_.get(), nullptr, 0, SPNG_FMT_RAW, SPNG_DECODE_PROGRESSIVE);
  if (status != SPNG_OK && !is_accepted(status)) return error(status);
  spng_set_crc_action(context_.get(), SPNG_CRC_USE, SPNG_CRC_DISCARD);
  return is_interlaced_ ? read_interlaced() : Result<void>();
}

/// Seven passes over the image; rows are known when all are.
Result<void> PngStream::read_interlaced() {
  spng_row_info row;
  for (std::int64_t rows = 0; !is_broken_ && spng_get_row_info(context_.get(), &row) == SPNG_OK; ++rows) {
    if (rows % 64 == 0 && call_ != nullptr)
      if (auto interruption = call_->interruption()) return *std::move(interruption);
    if (auto ok = next_row(raw_.data() + row.row_num * raw_row_bytes_); !ok) return ok;
  }
  return {};
}

/// Decodes to `raw`, which keeps what it has if the file is broken and that is accepted.
Result<void> PngStream::next_row(std::uint8_t* raw) {
  if (is_broken_) return {};
  const int status = spng_decode_row(context_.get(), raw, raw_row_bytes_);
  if (status == SPNG_OK || status == SPNG_EOI || is_accepted(status)) return {};
  return error(status);
}

bool PngStream::is_accepted(int status) {
  is_broken_ = options_.truncated == image::Truncated::kAccept && status != SPNG_EMEM;
  return is_broken_;
}

Result<void> PngStream::select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) {
  first_column_ = first_column;
  columns_ = columns;
  if (auto ok = begin(); !ok) return ok;
  if (is_interlaced_) {
    rows_read_ = first_row;
    return {};
  }
  if (first_row == 0) return {};
  std::vector<std::uint8_t> above(raw_row_bytes_);
  for (; rows_read_ < first_row; ++rows_read_)
    if (auto ok = next_row(above.data()); !ok) return ok;
  return {};
}

std::size_t PngStream::row_bytes() const {
  return static_cast<std::size_t>(rows_ ? columns_ : size_.width) * channels_of(colour_);
}

std::size_t PngStream::offset_bytes() const {
  return rows_ ? 0 : static_cast<std::size_t>(first_column_) * channels_of(colour_);
}

Result<void> PngStream::read_rows(std::uint8_t* const* rows, std::size_t count) {
  if (call_ != nullptr)
    if (auto interruption = call_->interruption()) return *std::move(interruption);
  for (std::size_t i = 0; i < count; ++i)
    if (auto ok = read_row(rows[i]); !ok) return ok;
  return {};
}

Result<void> PngStream::read_row(std::uint8_t* out) {
  std::uint8_t* raw = rows_ ? raw_.data() : out;
  if (is_interlaced_) {
    raw = raw_.data() + static_cast<std::size_t>(rows_read_) * raw_row_bytes_;
  } else {
    if (auto ok = next_row(raw); !ok) return ok;
    if (is_broken_) std::fill_n(raw, raw_row_bytes_, std::uint8_t{0});
  }
  ++rows_read_;
  if (rows_)
    rows_->convert(raw, static_cast<std::size_t>(first_column_), static_cast<std::size_t>(columns_), out);
  else if (raw != out)
    std::copy_n(raw, raw_row_bytes_, out);
  return {};
}

/// What is wrong with the rows that nobody asked for, or behind them.
Result<void> PngStream::finish() {
  if (options_.truncated == image::Truncated::kRefuse) {
    if (!is_started_)
      if (auto ok = select(0, 0, size_.width); !ok) return ok;
    std::vector<std::uint8_t> row(raw_row_bytes_);
    for (; !is_interlaced_ && rows_read_ < size_.height; ++rows_read_)
      if (auto ok = next_row(row.data()); !ok) return ok;
    if (end_ == PngEnd::kBehindPixels) return truncated("PNG", file_bytes_);
  }
  // Metadata behind the pixels, if it can be read.
  if (options_.exif_orientation && spng_decode_chunks(context_.get()) == SPNG_OK) read_orientation();
  return {};
}

void PngStream::read_orientation() {
  std::string exif;
  spng_exif chunk;
  if (spng_get_exif(context_.get(), &chunk) == SPNG_OK) exif.assign(chunk.data, chunk.length);
  std::string_view xmp;
  std::uint32_t count = 0;
  if (spng_get_text(context_.get(), nullptr, &count) != SPNG_OK) count = 0;
  std::vector<spng_text> texts(count);
  if (count > 0 && spng_get_text(context_.get(), texts.data(), &count) != SPNG_OK) texts.clear();
  for (const spng_text& text : texts) {
    const std::string_view key(text.keyword);
    if (key == "XML:com.adobe.xmp") xmp = {text.text, text.length};
    if (key == "Raw profile type exif" && exif.empty()) exif = raw_profile({text.text, text.length});
  }
  orientation_ = orientation_of(exif, xmp);
}

Error PngStream::error(int status) const {
  switch (status) {
    case SPNG_IO_EOF:
    case SPNG_EIDAT_TOO_SHORT:
      return truncated("PNG", file_bytes_);
    case SPNG_EMEM:
      return Error(ErrorCode::kResourceExhausted, "no memory to decode a PNG image");
    case SPNG_ECHUNK_LIMITS:
      return Error(ErrorCode::kResourceExhausted, "metadata of the PNG image takes too much memory");
    default:
      return corrupt("PNG", spng_strerror(status));
  }
}

Result<void> PngStream::check(int status) const {
  return status == SPNG_OK ? Result<void>() : Result<void>(error(status));
}

}  // namespace gantry::detail

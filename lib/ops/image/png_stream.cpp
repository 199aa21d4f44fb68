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

std::uint8_t orientation_in(spng_ctx* context) {
  std::string exif;
  spng_exif chunk;
  if (spng_get_exif(context, &chunk) == SPNG_OK) exif.assign(chunk.data, chunk.length);
  std::string_view xmp;
  std::uint32_t count = 0;
  if (spng_get_text(context, nullptr, &count) != SPNG_OK) count = 0;
  std::vector<spng_text> texts(count);
  if (count > 0 && spng_get_text(context, texts.data(), &count) != SPNG_OK) texts.clear();
  for (const spng_text& text : texts) {
    const std::string_view key(text.keyword);
    if (key == "XML:com.adobe.xmp") xmp = {text.text, text.length};
    if (key == "Raw profile type exif" && exif.empty()) exif = raw_profile({text.text, text.length});
  }
  return orientation_of(exif, xmp);
}

Error error_of(int status, const Bytes& file) {
  switch (status) {
    case SPNG_IO_EOF:
      return truncated("PNG", file.size());
    case SPNG_EMEM:
      return Error(ErrorCode::kResourceExhausted, "no memory to decode a PNG image")
          .with_reason(ErrorReason::kOutOfMemory);
    case SPNG_ECHUNK_LIMITS:
      return Error(ErrorCode::kResourceExhausted, "metadata of the PNG image takes too much memory")
          .with_reason(ErrorReason::kInputTooLarge);
    default:
      return corrupt("PNG", spng_strerror(status));
  }
}

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using ContextPtr = std::unique_ptr<spng_ctx, FreeContext>;

/// A reader of what stands around the pixels; nullptr if there is no memory.
ContextPtr make_context(const Bytes& file) {
  ContextPtr context(spng_ctx_new(0));
  if (!context) return context;
  spng_set_chunk_limits(context.get(), kMaxMetadataBytes, kMaxMetadataBytes);
  return spng_set_png_buffer(context.get(), file.data(), file.size()) == SPNG_OK ? std::move(context) : nullptr;
}

}  // namespace

PngStream::PngStream(const Bytes& file, const image::Decode& options, const RunOptions* call)
    : file_(file), options_(options), call_(call) {}

PngStream::~PngStream() = default;

Result<std::unique_ptr<PngStream>> PngStream::open(const Bytes& file, const image::Decode& options,
                                                   const RunOptions* call) {
  std::unique_ptr<PngStream> stream(new PngStream(file, options, call));
  if (auto ok = stream->read_header(); !ok) return std::move(ok).error();
  return stream;
}

Result<void> PngStream::read_header() {
  const ContextPtr context = make_context(file_);
  if (!context) return error_of(SPNG_EMEM, file_);
  spng_ihdr header;
  if (const int status = spng_get_ihdr(context.get(), &header); status != SPNG_OK) return error_of(status, file_);
  if (auto ok = check_dimensions("PNG", header.width, header.height, options_); !ok) return ok;
  size_ = {header.width, header.height};
  is_interlaced_ = header.interlace_method != SPNG_INTERLACE_NONE;
  // Up to the pixels.
  if (const int status = spng_decode_chunks(context.get()); status != SPNG_OK) return error_of(status, file_);
  format_ = format_of(context.get(), header);
  colour_ = options_.colour == image::ColourMode::kRgb ? Colour::kRgb : unchanged_colour(format_);
  if (options_.exif_orientation) orientation_ = orientation_in(context.get());
  return check_image_bytes(size_, channels_of(colour_));
}

void PngStream::begin() {
  const std::size_t bits = pixel_bits(format_);
  raw_row_bytes_ = PngPixels::row_bytes(size_.width, bits);
  pixels_.emplace(file_, size_.width, bits);
  if (!is_stored_as(format_, colour_)) rows_.emplace(format_, colour_);
}

/// Seven passes over the image; rows are known when all are.
Result<void> PngStream::read_interlaced() {
  image_.assign(raw_row_bytes_ * static_cast<std::size_t>(size_.height), 0);
  std::int64_t left = 0;
  for (const PngPass& pass : kPngPasses) left += pass.rows(size_);
  for (const PngPass& pass : kPngPasses) {
    const std::int64_t columns = pass.columns(size_);
    pixels_->begin_pass();
    for (std::int64_t y = 0; y < pass.rows(size_); ++y) {
      if (call_ != nullptr && y % 64 == 0)
        if (auto interruption = call_->interruption()) return *std::move(interruption);
      if (auto ok = next_row(columns, --left == 0); !ok || is_broken_) return ok;
      const std::int64_t row = pass.first_row + y * pass.row_step;
      place_png_row(pass, pixels_->row(), columns, pixel_bits(format_),
                    image_.data() + static_cast<std::size_t>(row) * raw_row_bytes_);
    }
  }
  return {};
}

/// Afterwards pixels_ has the row, unless the file is broken and that is accepted.
Result<void> PngStream::next_row(std::int64_t columns, bool is_last) {
  if (is_broken_) return {};
  const PngStatus status = pixels_->next_row(columns, is_last);
  if (status == PngStatus::kOk) return {};
  is_broken_ = options_.truncated == image::Truncated::kAccept;
  if (is_broken_) return {};
  if (status == PngStatus::kTruncated) return truncated("PNG", file_.size());
  return corrupt("PNG", "its pixels cannot be decompressed, or not as a PNG's");
}

Result<void> PngStream::select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) {
  first_column_ = first_column;
  columns_ = columns;
  begin();
  if (is_interlaced_) {
    rows_read_ = first_row;
    return read_interlaced();
  }
  for (; rows_read_ < first_row; ++rows_read_)
    if (auto ok = next_row(size_.width, false); !ok) return ok;
  return {};
}

std::size_t PngStream::row_bytes() const {
  return static_cast<std::size_t>(columns_) * channels_of(colour_);
}

std::size_t PngStream::offset_bytes() const {
  return 0;
}

Result<void> PngStream::read_rows(std::uint8_t* const* rows, std::size_t count) {
  if (call_ != nullptr)
    if (auto interruption = call_->interruption()) return *std::move(interruption);
  for (std::size_t i = 0; i < count; ++i)
    if (auto ok = read_row(rows[i]); !ok) return ok;
  return {};
}

Result<void> PngStream::read_row(std::uint8_t* out) {
  const std::uint8_t* raw = nullptr;
  if (is_interlaced_) {
    raw = image_.data() + static_cast<std::size_t>(rows_read_) * raw_row_bytes_;
  } else {
    if (auto ok = next_row(size_.width, rows_read_ == size_.height - 1); !ok) return ok;
    raw = is_broken_ ? broken_row() : pixels_->row();
  }
  ++rows_read_;
  if (rows_)
    rows_->convert(raw, static_cast<std::size_t>(first_column_), static_cast<std::size_t>(columns_), out);
  else
    std::copy_n(raw + static_cast<std::size_t>(first_column_) * channels_of(colour_), row_bytes(), out);
  return {};
}

const std::uint8_t* PngStream::broken_row() {
  image_.resize(raw_row_bytes_);
  return image_.data();
}

/// What is wrong with the rows that nobody asked for, or behind them.
Result<void> PngStream::finish() {
  if (options_.truncated == image::Truncated::kRefuse) {
    if (!pixels_)
      if (auto ok = select(0, 0, size_.width); !ok) return ok;
    for (; !is_interlaced_ && rows_read_ < size_.height; ++rows_read_)
      if (auto ok = next_row(size_.width, rows_read_ == size_.height - 1); !ok) return ok;
    if (png_end(file_) == PngEnd::kBehindPixels) return truncated("PNG", file_.size());
  }
  if (!options_.exif_orientation) return {};
  const Bytes metadata = png_metadata(file_);
  if (metadata.size() == 0) return {};
  const ContextPtr context = make_context(metadata);
  if (context && spng_decode_chunks(context.get()) == SPNG_OK) orientation_ = orientation_in(context.get());
  return {};
}

}  // namespace gantry::detail

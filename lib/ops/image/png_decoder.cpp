// SPDX-License-Identifier: Apache-2.0
// PNG by libspng, which undoes compression, filters and interlacing; what samples become is decided by
// png_conversion.hpp.
#include <spng.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ops/image/decoder.hpp"
#include "ops/image/exif.hpp"
#include "ops/image/png_conversion.hpp"

namespace gantry::detail {
namespace {

/// Bounds what metadata may take, decompressed texts included.
constexpr std::size_t kMaxMetadataBytes = std::size_t{64} << 20;

struct FreeContext {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using SpngContext = std::unique_ptr<spng_ctx, FreeContext>;

Error to_error(int status, const Bytes& file) {
  switch (status) {
    case SPNG_IO_EOF:
    case SPNG_EIDAT_TOO_SHORT:
      return truncated("PNG", file.size());
    case SPNG_EMEM:
      return Error(ErrorCode::kResourceExhausted, "no memory to decode a PNG image");
    case SPNG_ECHUNK_LIMITS:
      return Error(ErrorCode::kResourceExhausted, "metadata of the PNG image takes too much memory");
    default:
      return corrupt("PNG", spng_strerror(status));
  }
}

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

std::uint8_t orientation_in(spng_ctx* context) {
  if (spng_decode_chunks(context) != SPNG_OK) return 1;  // those behind the pixels
  std::string_view exif;
  spng_exif chunk;
  if (spng_get_exif(context, &chunk) == SPNG_OK) exif = {chunk.data, chunk.length};
  std::string_view xmp;
  std::uint32_t count = 0;
  if (spng_get_text(context, nullptr, &count) == SPNG_OK) {
    std::vector<spng_text> texts(count);
    if (spng_get_text(context, texts.data(), &count) == SPNG_OK)
      for (const spng_text& text : texts)
        if (std::string_view(text.keyword) == "XML:com.adobe.xmp") xmp = {text.text, text.length};
  }
  return orientation_of(exif, xmp);
}

Result<Image> decode_pixels(spng_ctx* context, const spng_ihdr& header, const Bytes& file,
                            const image::Decode& options) {
  std::size_t raw_bytes = 0;
  if (const int status = spng_decoded_image_size(context, SPNG_FMT_RAW, &raw_bytes); status != SPNG_OK)
    return to_error(status, file);
  const PngFormat format = format_of(context, header);
  const Colour colour = options.colour == image::ColourMode::kRgb ? Colour::kRgb : unchanged_colour(format);
  auto image = Image::make(header.width, header.height, colour);
  if (!image) return image;
  const bool is_final = is_stored_as(format, colour);
  std::vector<std::uint8_t> raw(is_final ? 0 : raw_bytes);
  void* target = is_final ? image->mutable_row(0) : raw.data();
  if (const int status = spng_decode_image(context, target, raw_bytes, SPNG_FMT_RAW, 0); status != SPNG_OK)
    return to_error(status, file);
  if (!is_final) convert_png(format, raw.data(), raw_bytes / header.height, *image);
  return image;
}

}  // namespace

Result<Decoded> decode_png(const Bytes& file, const image::Decode& options) {
  const SpngContext context(spng_ctx_new(0));
  if (!context) return Error(ErrorCode::kResourceExhausted, "no memory to decode a PNG image");
  spng_set_chunk_limits(context.get(), kMaxMetadataBytes, kMaxMetadataBytes);
  if (const int status = spng_set_png_buffer(context.get(), file.data(), file.size()); status != SPNG_OK)
    return to_error(status, file);
  spng_ihdr header;
  if (const int status = spng_get_ihdr(context.get(), &header); status != SPNG_OK) return to_error(status, file);
  if (auto ok = check_dimensions("PNG", header.width, header.height, options); !ok) return std::move(ok).error();
  auto image = decode_pixels(context.get(), header, file, options);
  if (!image) return std::move(image).error();
  const std::uint8_t orientation = options.exif_orientation ? orientation_in(context.get()) : std::uint8_t{1};
  return Decoded{*std::move(image), orientation};
}

}  // namespace gantry::detail

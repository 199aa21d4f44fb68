// SPDX-License-Identifier: Apache-2.0
// Before the pixels, every chunk must be whole and its checksum right, even if the pixels do not need it: Pillow
// refuses the file otherwise. From the first chunk of pixels on, Pillow checks no checksum.
#include "ops/image/png/png_header.hpp"

#include <zlib.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/png/png_colours.hpp"
#include "ops/image/png/png_metadata.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kChecksumPiece = std::size_t{256} << 10;

Error fault(std::string_view chunk, const char* what) {
  return corrupt("PNG", "its chunk " + std::string(chunk) + " " + what);
}

/// The fewest bytes that Pillow accepts in a chunk, whether the pixels need it or not.
std::size_t least_bytes(std::string_view name) {
  if (name == "IHDR") return 13;
  if (name == "gAMA") return 4;
  if (name == "cHRM") return 32;
  if (name == "sRGB") return 1;
  return name == "pHYs" ? 9 : 0;
}

/// A profile or text names its compression method; 0 is the only one.
bool has_known_compression(std::string_view name, std::string_view content) {
  if (name != "zTXt" && name != "iCCP") return true;
  const std::size_t end = content.find('\0');
  if (name == "zTXt") return end == std::string_view::npos || end + 1 >= content.size() || content[end + 1] == 0;
  const std::size_t method = end == std::string_view::npos ? 0 : end + 1;
  return method < content.size() && content[method] == 0;
}

class HeaderReader {
 public:
  HeaderReader(const Bytes& file, const image::Decode& options, CallWatch& watch)
      : file_(file), options_(options), accepts_(options.truncated == image::Truncated::kAccept), watch_(watch) {}

  Result<PngHeader> read() {
    while (header_.pixels.begin == 0) GANTRY_RETURN_IF_ERROR(read_before_pixels());
    GANTRY_RETURN_IF_ERROR(check_dimensions("PNG", width_, height_, options_));
    header_.size = {width_, height_};
    colours_.begin_pixels();
    animation_.begin_pixels();
    GANTRY_RETURN_IF_ERROR(set_region());
    header_.behind_pixels = read_pixels_and_behind();
    if (watch_.is_over(0)) return watch_.interruption();
    const bool needs_alpha = options_.colour == image::ColourMode::kUnchanged;
    if (auto what = colours_.set(header_.format, needs_alpha)) return corrupt("PNG", what);
    if (options_.exif_orientation) header_.orientation = metadata_.orientation(watch_);
    if (watch_.is_over(0)) return watch_.interruption();
    return std::move(header_);
  }

 private:
  /// Reads the next chunk; if it is one of pixels, position_ stays there.
  std::optional<Error> read_before_pixels() {
    const auto chunk = png_chunk_at(file_, position_);
    if (watch_.is_over(kPngChunkWork)) return watch_.interruption();
    if (!chunk) return truncated("PNG", file_.size());
    if (!accepts_ && !is_png_chunk_name(chunk->name)) return corrupt("PNG", "what should be a chunk has no name");
    if (chunk->name == "IEND") return corrupt("PNG", "it has no pixels, or none of a kind that there is");
    if (chunk->name == "IDAT" && colours_.is_known()) return begin_pixels();
    if (chunk->name == "fdAT") {  // of an animation without a default image
      if (auto what = animation_.read(chunk->name, chunk->content, width_, height_, false)) return fault("fdAT", what);
      if (!colours_.is_known()) return fault("fdAT", "precedes the header");
      return begin_pixels();
    }
    if (!chunk->is_whole()) return truncated("PNG", file_.size());
    if (auto error = read_chunk(*chunk)) return error;
    position_ = chunk->next();
    return check_sum(*chunk);
  }

  std::optional<Error> begin_pixels() {
    header_.pixels.begin = position_;
    return std::nullopt;
  }

  std::optional<Error> check_sum(const PngChunk& chunk) {
    const bool is_ancillary = (chunk.name[0] & 0x20) != 0;
    if (accepts_ && is_ancillary) return std::nullopt;
    if (chunk.next() > file_.size()) return truncated("PNG", file_.size());
    uLong sum = crc32(0, reinterpret_cast<const Bytef*>(chunk.name.data()), 4);
    for (std::string_view rest = chunk.content; !rest.empty();) {
      const std::string_view piece = rest.substr(0, kChecksumPiece);
      rest.remove_prefix(piece.size());
      sum = crc32(sum, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
      if (watch_.is_over(piece.size())) return watch_.interruption();
    }
    const std::string_view stored(reinterpret_cast<const char*>(file_.data()) + chunk.next() - 4, 4);
    if (png_number(stored, 0) != sum) return fault(chunk.name, "has a wrong checksum");
    return std::nullopt;
  }

  /// Reads a whole chunk, and gives what is wrong with it.
  std::optional<Error> read_chunk(const PngChunk& chunk) {
    const std::string_view name = chunk.name, content = chunk.content;
    if (content.size() < least_bytes(name)) {
      if (accepts_) return std::nullopt;
      return fault(name, kPngChunkTooShort);
    }
    if (name == "IHDR") {  // there may be several, and other chunks may precede the first
      width_ = png_number(content, 0);
      height_ = png_number(content, 4);
      if (content[11] != 0) return fault(name, "names unknown filters");
      // An interlaced image stays interlaced, whatever a second header says.
      if (header_.pixels.begin == 0) header_.is_interlaced |= content[12] != 0;
    }
    if (!has_known_compression(name, content)) return fault(name, "is compressed in an unknown way");
    if (auto what = colours_.read(name, content, accepts_)) return fault(name, what);
    if (auto what = animation_.read(name, content, width_, height_, accepts_)) return fault(name, what);
    if (options_.exif_orientation) metadata_.add(name, content, watch_);
    return std::nullopt;
  }

  std::optional<Error> set_region() {
    const auto& region = animation_.region();
    if (!region) return std::nullopt;
    if (region->width == 0 || region->height == 0 || region->left + region->width > header_.size.width ||
        region->top + region->height > header_.size.height)
      return fault("fcTL", "names no part of the image");
    if (region->width < header_.size.width || region->height < header_.size.height) header_.region = region;
    return std::nullopt;
  }

  /// Gives what is wrong with the chunks of pixels or behind them. Pillow reads to the end, or to an invalid chunk.
  std::optional<Error> read_pixels_and_behind() {
    bool are_pixels = true;
    for (;;) {
      const auto chunk = png_chunk_at(file_, position_);
      if (watch_.is_over(kPngChunkWork)) return watch_.interruption();
      if (!chunk || !is_png_chunk_name(chunk->name) || chunk->name == "IEND") return std::nullopt;
      if (chunk->name == "fcTL" && animation_.is_animated()) return std::nullopt;
      const bool is_data = chunk->name == "IDAT" || chunk->name == "fdAT";
      are_pixels = are_pixels && (is_data || chunk->name == "DDAT");
      const bool is_first = position_ == header_.pixels.begin;
      position_ = chunk->next();
      if (is_data && !is_first)
        if (auto what = animation_.read(chunk->name, chunk->content, width_, height_, false))
          return fault(chunk->name, what);
      if (are_pixels) {
        header_.pixels.end = position_;
        header_.pixels.is_cut = !chunk->is_whole();  // whether that matters depends on where the last pixel is
        continue;
      }
      if (!chunk->is_whole()) return truncated("PNG", file_.size());
      if (is_data) continue;
      if (auto error = read_chunk(*chunk)) return error;
    }
  }

  const Bytes& file_;
  const image::Decode& options_;
  const bool accepts_;
  CallWatch& watch_;
  PngHeader header_;
  PngColours colours_;
  PngAnimation animation_;
  PngMetadata metadata_;
  std::size_t position_ = kPngSignatureBytes;
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
};

}  // namespace

Result<PngHeader> read_png_header(const Bytes& file, const image::Decode& options, CallWatch& watch) {
  return HeaderReader(file, options, watch).read();
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// Opens files as rows, and reads all rows into an image.
#include "ops/image/row_stream.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/file_format.hpp"
#include "ops/image/jpeg/jpeg_stream.hpp"
#include "ops/image/png/png_stream.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<std::unique_ptr<RowStream>> open_rows(const Bytes& file, const image::Decode& options, const CallContext* call) {
  if (is_jpeg(file)) {
    GANTRY_ASSIGN_OR_RETURN(auto stream, JpegStream::open(file, options, call));
    return std::unique_ptr<RowStream>(std::move(stream));
  }
  if (!is_png(file)) return std::unique_ptr<RowStream>();
  GANTRY_ASSIGN_OR_RETURN(auto stream, PngStream::open(file, options, call));
  // The row engine premultiplies only pixels in memory.
  if (stream->colour() == Colour::kRgba) return std::unique_ptr<RowStream>();
  return std::unique_ptr<RowStream>(std::move(stream));
}

Result<Image> read_image(RowStream& stream) {
  auto image = Image::make(stream.size().width, stream.size().height, stream.colour());
  if (!image) return image;
  GANTRY_RETURN_IF_ERROR(stream.select(0, 0, image->width()));
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t y = 0; y < image->height(); y += kBlock) {
    const std::int64_t count = std::min(kBlock, image->height() - y);
    std::array<std::uint8_t*, kBlock> rows{};
    for (std::int64_t i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = image->mutable_row(y + i);
    GANTRY_RETURN_IF_ERROR(stream.read_rows(rows.data(), static_cast<std::size_t>(count)));
  }
  GANTRY_RETURN_IF_ERROR(stream.finish());
  return image;
}

}  // namespace gantry::inline GANTRY_ABI::detail

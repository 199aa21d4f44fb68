// SPDX-License-Identifier: Apache-2.0
// A whole image from its rows.
#include "ops/image/row_stream.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "ops/image/decoder.hpp"
#include "ops/image/file_format.hpp"
#include "ops/image/jpeg/jpeg_stream.hpp"
#include "ops/image/png/png_stream.hpp"

namespace gantry::detail {

Result<std::unique_ptr<RowStream>> open_rows(const Bytes& file, const image::Decode& options, const CallContext* call) {
  if (is_jpeg(file)) {
    auto stream = JpegStream::open(file, options, call);
    if (!stream) return std::move(stream).error();
    return std::unique_ptr<RowStream>(*std::move(stream));
  }
  if (!is_png(file)) return std::unique_ptr<RowStream>();
  auto stream = PngStream::open(file, options, call);
  if (!stream) return std::move(stream).error();
  // Alpha is multiplied with in memory.
  if ((*stream)->colour() == Colour::kRgba) return std::unique_ptr<RowStream>();
  return std::unique_ptr<RowStream>(*std::move(stream));
}

Result<Image> read_image(RowStream& stream) {
  auto image = Image::make(stream.size().width, stream.size().height, stream.colour());
  if (!image) return image;
  if (auto ok = stream.select(0, 0, image->width()); !ok) return std::move(ok).error();
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t y = 0; y < image->height(); y += kBlock) {
    const std::int64_t count = std::min(kBlock, image->height() - y);
    std::array<std::uint8_t*, kBlock> rows{};
    for (std::int64_t i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = image->mutable_row(y + i);
    if (auto ok = stream.read_rows(rows.data(), static_cast<std::size_t>(count)); !ok) return std::move(ok).error();
  }
  if (auto ok = stream.finish(); !ok) return std::move(ok).error();
  return image;
}

}  // namespace gantry::detail

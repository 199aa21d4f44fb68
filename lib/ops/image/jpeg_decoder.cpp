// SPDX-License-Identifier: Apache-2.0
// A whole JPEG image, row by row.
#include <algorithm>
#include <array>
#include <utility>

#include "ops/image/decoder.hpp"
#include "ops/image/jpeg_stream.hpp"

namespace gantry::detail {

Result<Decoded> decode_jpeg(const Bytes& file, const image::Decode& options) {
  auto stream = JpegStream::open(file, options);
  if (!stream) return std::move(stream).error();
  auto image = Image::make((*stream)->width(), (*stream)->height(), (*stream)->colour());
  if (!image) return std::move(image).error();
  if (auto ok = (*stream)->select(0, 0, image->width()); !ok) return std::move(ok).error();
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t y = 0; y < image->height(); y += kBlock) {
    const std::int64_t count = std::min(kBlock, image->height() - y);
    std::array<std::uint8_t*, kBlock> rows{};
    for (std::int64_t i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)] = image->mutable_row(y + i);
    if (auto ok = (*stream)->read_rows(rows.data(), static_cast<std::size_t>(count)); !ok) return std::move(ok).error();
  }
  return Decoded{*std::move(image), (*stream)->orientation()};
}

}  // namespace gantry::detail

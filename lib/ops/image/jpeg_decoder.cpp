// SPDX-License-Identifier: Apache-2.0
// A whole JPEG image, row by row.
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
  for (std::int64_t y = 0; y < image->height(); ++y)
    if (auto ok = (*stream)->read_row(image->mutable_row(y)); !ok) return std::move(ok).error();
  return Decoded{*std::move(image), (*stream)->orientation()};
}

}  // namespace gantry::detail

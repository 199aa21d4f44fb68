// SPDX-License-Identifier: Apache-2.0
// Rows of an image, or of a file.
#include "ops/image/fused/row_source.hpp"

#include "ops/image/row_stream.hpp"

namespace gantry::inline GANTRY_ABI::detail {

ImageSize RowSource::size() const {
  return image_ ? size_of(*image_) : stream_->size();
}

Colour RowSource::colour() const {
  return image_ ? image_->colour() : stream_->colour();
}

Result<void> RowSource::select(const Rectangle& part) {
  part_ = part;
  if (image_) return {};
  return stream_->select(part.top, part.left, part.size.width);
}

const std::uint8_t* RowSource::row(std::int64_t y) const {
  return image_->row(part_.top + y) + part_.left * static_cast<std::int64_t>(channels());
}

std::size_t RowSource::row_bytes() const {
  return stream_->row_bytes();
}

std::size_t RowSource::offset_bytes() const {
  return stream_->offset_bytes();
}

Result<void> RowSource::read(std::uint8_t* const* rows, std::size_t count) {
  return stream_->read_rows(rows, count);
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// SparseRows: reads the rows of a source from top to bottom, with gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/fused/row_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows the source and the buffers.
/// Threads:   one thread.
/// Errors:    the source's.
class SparseRows {
 public:
  /// `buffers`: buffers of `buffer_bytes` each, for a source that is not in memory.
  SparseRows(RowSource& source, std::size_t buffer_bytes, std::uint8_t* buffers)
      : source_(source), buffer_bytes_(buffer_bytes), buffers_(buffers) {}

  /// Row `y` of the selected part; `y` must grow with each call. In buffer `which`, unless the source is in memory.
  Result<const std::uint8_t*> row(std::int64_t y, std::size_t which) {
    if (source_.is_in_memory()) return source_.row(y);
    std::uint8_t* buffer = buffers_ + which * buffer_bytes_;
    for (; next_ <= y; ++next_) GANTRY_RETURN_IF_ERROR(source_.read(&buffer, 1));
    return static_cast<const std::uint8_t*>(buffer + source_.offset_bytes());
  }

 private:
  RowSource& source_;
  const std::size_t buffer_bytes_;
  std::uint8_t* buffers_;
  std::int64_t next_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// Encodes 8-bit pixels as PNG (third edition): filters each row so that the smallest numbers are left, as libpng does,
// then compresses by zlib.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/image/encoder.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kDataChunkBytes = std::size_t{64} << 10;  // of compressed data in an IDAT chunk
constexpr int kFilters = 5;

Error no_memory() {
  return Error(ErrorCode::kResourceExhausted, "no memory to encode a PNG image").with_reason(ErrorReason::kOutOfMemory);
}

std::array<std::uint8_t, 4> big_endian(std::uint32_t number) {
  return {static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
          static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

std::uint8_t colour_type(Colour colour) {
  return colour == Colour::kGray ? 0 : colour == Colour::kRgb ? 2 : 6;
}

/// The nearest of left, above and corner to left + above - corner.
int paeth(int left, int above, int corner) {
  const int to_left = std::abs(above - corner), to_above = std::abs(left - corner);
  const int to_corner = std::abs(left + above - 2 * corner);
  return to_left <= to_above && to_left <= to_corner ? left : to_above <= to_corner ? above : corner;
}

/// Filters a row by each filter, and chooses the one to store.
class RowFilters {
 public:
  RowFilters(std::size_t row_bytes, std::size_t pixel_bytes)
      : pixel_bytes_(pixel_bytes), row_(pixel_bytes + row_bytes), above_(row_.size()) {
    for (std::size_t filter = 0; filter < kFilters; ++filter) {
      filtered_[filter].resize(row_bytes + 1);
      filtered_[filter][0] = static_cast<std::uint8_t>(filter);
    }
  }

  /// The number of the chosen filter, and the filtered bytes.
  const std::vector<std::uint8_t>& choose(const std::uint8_t* row) {
    fill(row);
    std::size_t best = 0;
    std::uint64_t least = ~std::uint64_t{0};
    for (std::size_t filter = 0; filter < kFilters; ++filter) {
      const std::uint64_t sum = sum_of(filtered_[filter]);
      if (sum < least) least = sum, best = filter;
    }
    row_.swap(above_);
    return filtered_[best];
  }

 private:
  /// A pixel of zeros precedes the row and the one above. Each filter has a loop of its own, so that it is vectorised.
  void fill(const std::uint8_t* pixels) {
    const std::size_t bytes = above_.size() - pixel_bytes_;
    std::memcpy(&row_[pixel_bytes_], pixels, bytes);
    const std::uint8_t* const row = &row_[pixel_bytes_];
    const std::uint8_t* const left = row_.data();
    const std::uint8_t* const above = &above_[pixel_bytes_];
    const std::uint8_t* const corner = above_.data();
    const auto store = [bytes](std::vector<std::uint8_t>& filtered, auto difference) {
      std::uint8_t* const out = &filtered[1];
      for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(difference(i));
    };
    store(filtered_[0], [=](std::size_t i) { return row[i]; });
    store(filtered_[1], [=](std::size_t i) { return row[i] - left[i]; });
    store(filtered_[2], [=](std::size_t i) { return row[i] - above[i]; });
    store(filtered_[3], [=](std::size_t i) { return row[i] - (left[i] + above[i]) / 2; });
    store(filtered_[4], [=](std::size_t i) { return row[i] - paeth(left[i], above[i], corner[i]); });
  }

  /// The sum of the magnitudes of the stored bytes, taken as -128..127.
  static std::uint64_t sum_of(const std::vector<std::uint8_t>& filtered) {
    std::uint64_t sum = 0;
    for (std::size_t i = 1; i < filtered.size(); ++i) sum += filtered[i] < 128 ? filtered[i] : 256u - filtered[i];
    return sum;
  }

  const std::size_t pixel_bytes_;
  std::vector<std::uint8_t> row_;
  std::vector<std::uint8_t> above_;
  std::array<std::vector<std::uint8_t>, kFilters> filtered_;
};

/// Builds the file in memory.
class PngWriter {
 public:
  PngWriter() : block_(kDataChunkBytes) {}
  ~PngWriter() {
    if (is_begun_) deflateEnd(&stream_);
  }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  Result<void> begin(const Image& image) {
    // libpng uses Z_FILTERED for filtered rows.
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL - 1, Z_FILTERED) != Z_OK)
      return no_memory();
    is_begun_ = true;
    start_block();
    put("\x89PNG\r\n\x1a\n");
    std::array<std::uint8_t, 13> header{};
    const auto width = big_endian(static_cast<std::uint32_t>(image.width()));
    const auto height = big_endian(static_cast<std::uint32_t>(image.height()));
    std::copy(width.begin(), width.end(), header.begin());
    std::copy(height.begin(), height.end(), header.begin() + 4);
    header[8] = 8;
    header[9] = colour_type(image.colour());
    put_chunk("IHDR", header.data(), header.size());
    return {};
  }

  void write(const std::vector<std::uint8_t>& row) {
    stream_.next_in = const_cast<Bytef*>(row.data());  // zlib does not write to it
    stream_.avail_in = static_cast<uInt>(row.size());
    while (stream_.avail_in > 0) {
      deflate(&stream_, Z_NO_FLUSH);  // fails only for invalid arguments
      if (stream_.avail_out == 0) end_block();
    }
  }

  Bytes finish() {
    while (deflate(&stream_, Z_FINISH) != Z_STREAM_END) end_block();
    end_block();
    put_chunk("IEND", nullptr, 0);
    return Bytes(std::move(file_));
  }

 private:
  void start_block() {
    stream_.next_out = block_.data();
    stream_.avail_out = static_cast<uInt>(block_.size());
  }
  void end_block() {
    put_chunk("IDAT", block_.data(), block_.size() - stream_.avail_out);
    start_block();
  }
  void put(std::string_view text) { file_.insert(file_.end(), text.begin(), text.end()); }
  void put_number(std::uint32_t number) {
    const auto bytes = big_endian(number);
    file_.insert(file_.end(), bytes.begin(), bytes.end());
  }
  void put_chunk(std::string_view name, const std::uint8_t* content, std::size_t size) {
    put_number(static_cast<std::uint32_t>(size));
    const std::size_t checked = file_.size();
    put(name);
    if (size > 0) file_.insert(file_.end(), content, content + size);
    put_number(static_cast<std::uint32_t>(crc32(0, file_.data() + checked, static_cast<uInt>(file_.size() - checked))));
  }

  z_stream stream_{};
  bool is_begun_ = false;
  std::vector<std::uint8_t> block_;
  std::vector<std::uint8_t> file_;
};

}  // namespace

Result<Bytes> encode_png(const Image& image, const CallContext& call) {
  PngWriter writer;
  GANTRY_RETURN_IF_ERROR(writer.begin(image));
  RowFilters filters(static_cast<std::size_t>(image.width()) * image.channels(), image.channels());
  const std::int64_t rows_at_once = rows_between_looks(image);
  for (std::int64_t y = 0; y < image.height(); ++y) {
    if (y % rows_at_once == 0) GANTRY_RETURN_IF_ERROR(call.interruption());
    writer.write(filters.choose(image.row(y)));
  }
  return writer.finish();
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// PngStream: a PNG file as rows, by libspng, which undoes compression, filters and interlacing; what samples become is
// decided by png_conversion.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "ops/image/png_chunks.hpp"
#include "ops/image/png_conversion.hpp"
#include "ops/image/row_stream.hpp"

struct spng_ctx;
struct spng_ihdr;

namespace gantry::detail {

/// As RowStream. The samples of an interlaced file are held whole.
class PngStream final : public RowStream {
 public:
  /// Reads what stands before the pixels and checks it against the limits.
  static Result<std::unique_ptr<PngStream>> open(const Bytes& file, const image::Decode& options,
                                                 const RunOptions* call = nullptr);
  ~PngStream() override;

  ImageSize size() const override { return size_; }
  Colour colour() const override { return colour_; }
  int bit_depth() const { return format_.bit_depth; }
  /// By the metadata read so far: that behind the pixels is only after finish().
  std::uint8_t orientation() const override { return orientation_; }
  Result<void> select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) override;
  std::size_t row_bytes() const override;
  std::size_t offset_bytes() const override;
  Result<void> read_rows(std::uint8_t* const* rows, std::size_t count) override;
  Result<void> finish() override;

 private:
  PngStream(const Bytes& file, const image::Decode& options, const RunOptions* call);
  Result<spng_ihdr> make_context();
  Result<void> read_header();
  Result<void> begin();
  Result<void> read_interlaced();
  Result<void> next_row(std::uint8_t* raw);
  Result<void> read_row(std::uint8_t* out);
  bool is_accepted(int status);
  Error error(int status) const;
  Result<void> check(int status) const;
  void read_orientation();

  struct FreeContext {
    void operator()(spng_ctx* context) const;
  };
  Bytes file_;
  const image::Decode options_;
  const RunOptions* call_;
  std::size_t file_bytes_;
  PngEnd end_ = PngEnd::kComplete;
  std::unique_ptr<spng_ctx, FreeContext> context_;
  PngFormat format_;
  ImageSize size_{};
  Colour colour_ = Colour::kRgb;
  std::uint8_t orientation_ = 1;
  bool is_interlaced_ = false;
  std::size_t raw_row_bytes_ = 0;
  std::int64_t rows_read_ = 0;
  bool is_started_ = false;
  bool is_broken_ = false;  ///< and that is accepted
  std::int64_t first_column_ = 0;
  std::int64_t columns_ = 0;
  std::vector<std::uint8_t> raw_;  ///< a row; all of them if interlaced
  std::optional<PngRows> rows_;    ///< nothing if the stored bytes are the pixels
};

}  // namespace gantry::detail

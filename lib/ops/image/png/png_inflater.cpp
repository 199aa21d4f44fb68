// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_inflater.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// What is read between two looks at the deadline.
constexpr std::size_t kInflatePieceBytes = std::size_t{32} << 10;
/// Smaller ones are gathered.
constexpr std::size_t kSmallPieceBytes = std::size_t{4} << 10;
/// What is made at once where less is asked for.
constexpr std::size_t kMadeBytes = std::size_t{64} << 10;

/// The first byte tells how far back matches may reach, 256 bytes or more by its high half. ISA-L takes more than the
/// 32 KiB that there are.
constexpr std::uint8_t kMaxFirstByte = 0x7F;

bool is_failure(int status) {
  return status < 0 || status == ISAL_NEED_DICT;
}

}  // namespace

PngInflater::PngInflater(const Bytes& file, PngPixelChunks chunks, CallWatch& watch)
    : data_(file, chunks, watch), watch_(watch), state_(new inflate_state) {
  isal_inflate_init(state_.get());
  state_->crc_flag = ISAL_ZLIB;
}

PngInflater::~PngInflater() = default;

/// Goes on to the next piece where one is used up.
PngInflater::Input PngInflater::next_input() {
  if (state_->avail_in > 0) return Input::kSome;
  Span<const std::uint8_t> piece = data_.next(kInflatePieceBytes);
  if (piece.size() > 0 && piece.size() < kSmallPieceBytes) piece = gather(piece);
  if (watch_.is_over(piece.size() * kInflateWork)) return Input::kInterrupted;
  if (piece.size() == 0) return Input::kNone;
  if (!has_begun_ && piece[0] > kMaxFirstByte) return Input::kFault;
  has_begun_ = true;
  state_->next_in = const_cast<std::uint8_t*>(piece.data());  // not written to
  state_->avail_in = static_cast<std::uint32_t>(piece.size());
  return Input::kSome;
}

Span<const std::uint8_t> PngInflater::gather(Span<const std::uint8_t> piece) {
  gathered_.clear();
  while (piece.size() > 0) {
    gathered_.insert(gathered_.end(), piece.begin(), piece.end());
    if (gathered_.size() == kInflatePieceBytes) break;
    piece = data_.next(kInflatePieceBytes - gathered_.size());
  }
  return Span<const std::uint8_t>(gathered_);
}

/// So many of the next bytes as there are; where there are not all, status_ says why. Of a call that ISA-L fails in,
/// what it has written is not relied on.
std::size_t PngInflater::inflate(std::uint8_t* out, std::size_t bytes) {
  state_->next_out = out;
  state_->avail_out = static_cast<std::uint32_t>(bytes);
  while (state_->avail_out > 0 && status_ == PngStatus::kOk) {
    const Input input = next_input();
    if (input == Input::kInterrupted)
      status_ = PngStatus::kInterrupted;
    else if (input == Input::kFault || is_failure(isal_inflate(state_.get())))
      status_ = PngStatus::kCorrupt;
    else if (state_->avail_out > 0 && state_->block_state == ISAL_BLOCK_FINISH)
      status_ = PngStatus::kEnded;
    else if (state_->avail_out > 0 && input == Input::kNone)
      status_ = PngStatus::kTruncated;  // what ISA-L held back has come
  }
  return status_ == PngStatus::kCorrupt ? 0 : bytes - state_->avail_out;
}

PngStatus PngInflater::read(std::uint8_t* out, std::size_t bytes) {
  for (;;) {
    const std::size_t count = std::min(bytes, made_end_ - made_begin_);
    std::copy_n(made_.data() + made_begin_, count, out);
    made_begin_ += count;
    out += count;
    bytes -= count;
    if (bytes == 0) return PngStatus::kOk;
    if (status_ != PngStatus::kOk) return status_;
    if (bytes >= kMadeBytes) {
      const std::size_t made = inflate(out, bytes);
      out += made;
      bytes -= made;
      continue;
    }
    made_.resize(kMadeBytes);
    made_begin_ = 0;
    made_end_ = inflate(made_.data(), made_.size());
  }
}

PngStatus PngInflater::finish() {
  if (made_begin_ < made_end_) return PngStatus::kCorrupt;  // there is more
  std::uint8_t unasked = 0;
  if (status_ == PngStatus::kOk && inflate(&unasked, 1) > 0) return PngStatus::kCorrupt;
  return status_ == PngStatus::kEnded ? PngStatus::kOk : status_;
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_inflater.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Bytes read between two checks of the deadline.
constexpr std::size_t kInflatePieceBytes = std::size_t{32} << 10;
/// Smaller pieces are gathered.
constexpr std::size_t kSmallPieceBytes = std::size_t{4} << 10;
/// Bytes made at once if fewer are asked for.
constexpr std::size_t kMadeBytes = std::size_t{64} << 10;

/// The high half n of the first byte gives the window size, 256 * 2^n bytes. ISA-L accepts more than zlib's maximum of
/// 32 KiB.
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

/// Moves to the next piece when one is used up.
PngInflater::Input PngInflater::next_input() {
  if (state_->avail_in > 0) return Input::kSome;
  Span<const std::uint8_t> piece = data_.next(kInflatePieceBytes);
  if (piece.size() > 0 && piece.size() < kSmallPieceBytes) piece = gather(piece);
  if (watch_.is_over(piece.size() * kInflateWork)) return Input::kInterrupted;
  if (piece.size() == 0) return Input::kNone;
  if (!has_begun_ && piece[0] > kMaxFirstByte) return Input::kFault;
  has_begun_ = true;
  state_->next_in = const_cast<std::uint8_t*>(piece.data());  // ISA-L does not write to it
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

/// Makes up to `bytes` of the next bytes and gives their number. If there are fewer, status_ says why. If ISA-L fails,
/// what that call has written is dropped.
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
      status_ = PngStatus::kTruncated;  // ISA-L holds nothing back any more
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
  if (made_begin_ < made_end_) return PngStatus::kCorrupt;  // there is more data
  std::uint8_t unasked = 0;
  if (status_ == PngStatus::kOk && inflate(&unasked, 1) > 0) return PngStatus::kCorrupt;
  return status_ == PngStatus::kEnded ? PngStatus::kOk : status_;
}

}  // namespace gantry::inline GANTRY_ABI::detail

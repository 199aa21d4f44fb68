// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png_inflater.hpp"

#include <isa-l/igzip_lib.h>

namespace gantry::detail {
namespace {

/// What is read between two looks at the deadline.
constexpr std::size_t kPieceBytes = std::size_t{32} << 10;

/// The first byte tells how far back matches may reach, 256 bytes or more by its high half. ISA-L takes more than the
/// 32 KiB that there are.
constexpr std::uint8_t kMaxFirstByte = 0x7F;

bool is_failure(int status) {
  return status < 0 || status == ISAL_NEED_DICT;
}

}  // namespace

PngInflater::PngInflater(const Bytes& file, PngPixelChunks chunks, CallWatch& watch)
    : data_(file, chunks), watch_(watch), state_(new inflate_state) {
  isal_inflate_init(state_.get());
  state_->crc_flag = ISAL_ZLIB;
}

PngInflater::~PngInflater() = default;

/// Goes on to the next piece where one is used up.
PngInflater::Input PngInflater::next_input() {
  if (state_->avail_in > 0) return Input::kSome;
  const Span<const std::uint8_t> piece = data_.next(kPieceBytes);
  if (piece.data() == nullptr) return Input::kNone;
  if (watch_.is_over(piece.size() * kInflateWork)) return Input::kInterrupted;
  if (!has_begun_ && piece[0] > kMaxFirstByte) return Input::kFault;
  has_begun_ = true;
  state_->next_in = const_cast<std::uint8_t*>(piece.data());  // not written to
  state_->avail_in = static_cast<std::uint32_t>(piece.size());
  return Input::kSome;
}

PngStatus PngInflater::read(std::uint8_t* out, std::size_t bytes) {
  state_->next_out = out;
  state_->avail_out = static_cast<std::uint32_t>(bytes);
  for (;;) {
    const Input input = next_input();
    if (input == Input::kInterrupted) return PngStatus::kInterrupted;
    if (input == Input::kFault) return PngStatus::kCorrupt;
    if (is_failure(isal_inflate(state_.get()))) return PngStatus::kCorrupt;
    if (state_->avail_out == 0) return PngStatus::kOk;
    if (state_->block_state == ISAL_BLOCK_FINISH) return PngStatus::kEnded;
    if (input == Input::kNone) return PngStatus::kTruncated;  // what ISA-L held back has come
  }
}

PngStatus PngInflater::finish() {
  std::uint8_t unasked = 0;
  state_->next_out = &unasked;
  state_->avail_out = 1;
  while (state_->avail_out > 0 && state_->block_state != ISAL_BLOCK_FINISH) {
    const Input input = next_input();
    if (input == Input::kInterrupted) return PngStatus::kInterrupted;
    if (input == Input::kNone) return PngStatus::kTruncated;
    if (is_failure(isal_inflate(state_.get()))) return PngStatus::kCorrupt;
  }
  return state_->avail_out > 0 ? PngStatus::kOk : PngStatus::kCorrupt;
}

}  // namespace gantry::detail

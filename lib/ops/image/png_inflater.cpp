// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png_inflater.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>

namespace gantry::detail {
namespace {

bool is_failure(int status) {
  return status < 0 || status == ISAL_NEED_DICT;
}

}  // namespace

PngInflater::PngInflater(const Bytes& file) : data_(file), state_(new inflate_state) {
  isal_inflate_init(state_.get());
  state_->crc_flag = ISAL_ZLIB;
}

PngInflater::~PngInflater() = default;

/// Goes on to the next chunk where one is used up. False: there are no more.
bool PngInflater::has_input() {
  while (state_->avail_in == 0) {
    const Span<const std::uint8_t> content = data_.next();
    if (content.data() == nullptr) return false;
    state_->next_in = const_cast<std::uint8_t*>(content.data());  // not written to
    state_->avail_in = static_cast<std::uint32_t>(content.size());
  }
  return true;
}

PngStatus PngInflater::read(std::uint8_t* out, std::size_t bytes) {
  state_->next_out = out;
  state_->avail_out = static_cast<std::uint32_t>(bytes);
  for (;;) {
    const bool is_last = !has_input();  // what ISA-L holds back may still come
    if (is_failure(isal_inflate(state_.get()))) return PngStatus::kCorrupt;
    if (state_->avail_out == 0) return PngStatus::kOk;
    if (is_last || state_->block_state == ISAL_BLOCK_FINISH) return PngStatus::kTruncated;
  }
}

PngStatus PngInflater::finish() {
  std::uint8_t unasked = 0;
  state_->next_out = &unasked;
  state_->avail_out = 1;
  while (state_->avail_out > 0 && state_->block_state != ISAL_BLOCK_FINISH && has_input())
    if (is_failure(isal_inflate(state_.get()))) return PngStatus::kCorrupt;
  return PngStatus::kOk;
}

}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_chunks.hpp"

#include <algorithm>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kChunkHeaderBytes = 8;
constexpr std::size_t kSequenceNumberBytes = 4;  // of an fdAT

}  // namespace

std::optional<PngChunk> png_chunk_at(const Bytes& file, std::size_t position) {
  if (position >= file.size() || file.size() - position < kChunkHeaderBytes) return std::nullopt;
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::size_t length = png_number(text, position);
  return PngChunk{text.substr(position + 4, 4), text.substr(position + kChunkHeaderBytes, length), position, length};
}

bool is_png_chunk_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::uint32_t png_number(std::string_view bytes, std::size_t position) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[position + i]);
  return number;
}

Span<const std::uint8_t> PngData::next(std::size_t max_bytes) {
  while (rest_.empty()) {
    if (position_ >= end_ || watch_.is_over(kPngChunkWork)) return {};
    const auto chunk = png_chunk_at(file_, position_);
    if (!chunk) return {};
    rest_ = chunk->content;
    if (chunk->name == "fdAT") rest_.remove_prefix(std::min(kSequenceNumberBytes, rest_.size()));
    position_ = chunk->next();
  }
  const std::string_view bytes = rest_.substr(0, max_bytes);
  rest_.remove_prefix(bytes.size());
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace gantry::inline GANTRY_ABI::detail

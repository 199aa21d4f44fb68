// SPDX-License-Identifier: Apache-2.0
#include "ops/image/webp/webp_container.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "ops/image/decoder.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kRiffHeaderBytes = 12;
constexpr std::size_t kFrameHeaderBytes = 16;

/// The demuxer allocates memory for each chunk of the RIFF structure. It also reads the chunks in frames, and goes on
/// behind those that it does not know.
bool has_too_many_chunks(std::string_view file) {
  std::string_view rest = file.substr(0, kWebpChunkHeaderBytes + webp_chunk_size(file));
  rest.remove_prefix(std::min(rest.size(), kRiffHeaderBytes));
  for (std::size_t count = 0; rest.size() >= kWebpChunkHeaderBytes; ++count) {
    if (count == WebpContainer::kMaxChunks) return true;
    const std::size_t size = rest.substr(0, 4) == "ANMF" ? kFrameHeaderBytes : webp_chunk_size(rest);
    rest.remove_prefix(std::min(rest.size(), kWebpChunkHeaderBytes + size + size % 2));
  }
  return false;
}

}  // namespace

std::size_t webp_chunk_size(std::string_view chunk) {
  std::size_t value = 0;
  for (std::size_t i = kWebpChunkHeaderBytes; i-- > 4;) value = value << 8 | static_cast<unsigned char>(chunk[i]);
  return value;
}

Result<WebpContainer> WebpContainer::open(std::string_view file) {
  if (has_too_many_chunks(file))
    return Error(ErrorCode::kResourceExhausted, "WebP file of more than " + std::to_string(kMaxChunks) + " chunks")
        .with_reason(ErrorReason::kInputTooLarge);
  const WebPData data = {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
  WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
  WebpContainer container;
  container.demuxer_.reset(WebPDemuxPartial(&data, &state));
  // The demuxer accepts a file that ends behind its pixels; PIL wants all that the RIFF structure announces.
  container.is_complete_ = state == WEBP_DEMUX_DONE && kWebpChunkHeaderBytes + webp_chunk_size(file) <= file.size();
  if (!container.demuxer_) return corrupt("WebP", "libwebp cannot take its chunks apart");
  return container;
}

Result<WebpContainer::Frame> WebpContainer::first_frame() const {
  WebPIterator found;
  if (!WebPDemuxGetFrame(demuxer_.get(), 1, &found)) return corrupt("WebP", "no frame");
  const Frame frame = {{reinterpret_cast<const char*>(found.fragment.bytes), found.fragment.size},
                       found.x_offset,
                       found.y_offset,
                       found.width,
                       found.height};
  WebPDemuxReleaseIterator(&found);
  return frame;
}

std::string_view WebpContainer::chunk(const char* name) const {
  WebPChunkIterator found;
  if (!WebPDemuxGetChunk(demuxer_.get(), name, 1, &found)) return {};
  const std::string_view content(reinterpret_cast<const char*>(found.chunk.bytes), found.chunk.size);
  WebPDemuxReleaseChunkIterator(&found);
  return content;
}

}  // namespace gantry::inline GANTRY_ABI::detail

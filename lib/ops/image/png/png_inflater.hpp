// SPDX-License-Identifier: Apache-2.0
// PngInflater: decompresses the pixels of a PNG by Intel's ISA-L, which is about three times as fast as zlib. Its
// result counts only if the data is right up to its checksum. Faulty data is read again as Pillow reads it
// (png_zlib_inflater.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ops/image/call_watch.hpp"
#include "ops/image/png/png_chunks.hpp"

struct inflate_state;

namespace gantry::inline GANTRY_ABI::detail {

enum class PngStatus : std::uint8_t {
  kOk,
  kEnded,      ///< the data ends properly at the end of a row: missing rows are 0 in Pillow
  kTruncated,  ///< the data ends too early
  kCorrupt,
  kInterrupted  ///< the call is over
};

/// Ownership: borrows the file and the watch; owns 90 KB of ISA-L's state and 96 KB of buffers.
/// Threads:   one thread.
/// Errors:    throws std::bad_alloc.
/// Cost:      linear in the bytes read and made. ISA-L moves up to 64 KB per call: small chunks are gathered before a
///            call, and small rows are made at once.
class PngInflater {
 public:
  PngInflater(const Bytes& file, PngPixelChunks chunks, CallWatch& watch);
  ~PngInflater();

  /// Reads the next bytes. Do not call it again after anything but kOk.
  PngStatus read(std::uint8_t* out, std::size_t bytes);
  /// Call it after the last byte: kOk if the data ends there with the right checksum.
  PngStatus finish();

 private:
  enum class Input : std::uint8_t { kSome, kNone, kFault, kInterrupted };
  Input next_input();
  Span<const std::uint8_t> gather(Span<const std::uint8_t> piece);
  std::size_t inflate(std::uint8_t* out, std::size_t bytes);

  PngData data_;
  CallWatch& watch_;
  std::unique_ptr<inflate_state> state_;
  bool has_begun_ = false;
  std::vector<std::uint8_t> gathered_;  ///< of several small chunks
  std::vector<std::uint8_t> made_;      ///< bytes made_begin_..made_end_ were not asked for yet
  std::size_t made_begin_ = 0;
  std::size_t made_end_ = 0;
  PngStatus status_ = PngStatus::kOk;  ///< behind the bytes made
};

}  // namespace gantry::inline GANTRY_ABI::detail

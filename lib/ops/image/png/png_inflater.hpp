// SPDX-License-Identifier: Apache-2.0
// PngInflater: the pixels of a PNG, decompressed by Intel's ISA-L, which is about three times as fast as zlib. It is
// relied on for data that is right up to its checksum; what is not is read again as Pillow reads it
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
  kEnded,      ///< the data ends, properly, where a row does: the rows that are missing are 0 in Pillow
  kTruncated,  ///< there is less than was asked for
  kCorrupt,
  kInterrupted  ///< the call is over
};

/// Ownership: borrows the file and the watch; 90 KB of ISA-L's, and 96 KB of its own.
/// Threads:   one thread.
/// Errors:    throws std::bad_alloc.
/// Cost:      linear in what is read and what it becomes. ISA-L moves up to 64 KB at every call: small chunks are
///            gathered before it is called, and small rows made at once.
class PngInflater {
 public:
  PngInflater(const Bytes& file, PngPixelChunks chunks, CallWatch& watch);
  ~PngInflater();

  /// The next bytes. After anything but kOk it is not to be called again.
  PngStatus read(std::uint8_t* out, std::size_t bytes);
  /// Behind the last byte: kOk if the data ends there with the right checksum.
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
  PngStatus status_ = PngStatus::kOk;  ///< behind these
};

}  // namespace gantry::inline GANTRY_ABI::detail

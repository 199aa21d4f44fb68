// SPDX-License-Identifier: Apache-2.0
// What a JPEG file says beside its image in the segments in front of its first scan, read from the bytes themselves in
// one walk: libjpeg keeps such segments in a list that it goes through for each of them.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/call_context.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// As PIL's JpegImagePlugin has it.
struct JpegMetadata {
  std::string exif;      ///< info["exif"]: the segments joined, with the prefix of the first; empty if none
  std::string_view xmp;  ///< info["xmp"]: of the last segment, in the file's bytes
};

/// `file` is one whose header libjpeg has read. `call` may be nullptr.
/// Thread-safe.
/// Errors: invalid_argument for what Pillow does not open: JFIF, Adobe, ICC and Photoshop segments that end too early,
///         markers that are none; unsupported for lossless files; cancelled, deadline_exceeded.
/// Cost:   linear in the bytes in front of the scan; a copy of the Exif ones.
Result<JpegMetadata> read_jpeg_metadata(const Bytes& file, const CallContext* call);

/// True for SOF0 to SOF15, which say what the image is.
bool is_jpeg_frame(int marker);

/// True if the first marker in the bytes is that of the end. Those that entropy-coded data may contain, and stuffed and
/// fill bytes, are passed over.
/// Errors: cancelled, deadline_exceeded.
/// Cost:   linear.
Result<bool> ends_next(std::string_view bytes, const CallContext* call);

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// The metadata in the segments before the first scan of a JPEG, read from the bytes in one walk. libjpeg would keep
// such segments in a list and walk the list for each of them.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/call_context.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// As PIL's JpegImagePlugin gives it.
struct JpegMetadata {
  std::string exif;      ///< info["exif"]: the segments joined, with the prefix of the first; empty if none
  std::string_view xmp;  ///< info["xmp"]: of the last segment; a view of the file's bytes
};

/// libjpeg must have read the header of `file`. `call` may be nullptr.
/// Thread-safe.
/// Errors: invalid_argument for what Pillow does not open: JFIF, Adobe, ICC and Photoshop segments that end too early,
///         invalid markers; unsupported for lossless files; cancelled, deadline_exceeded.
/// Cost:   linear in the bytes before the scan; copies the Exif.
Result<JpegMetadata> read_jpeg_metadata(const Bytes& file, const CallContext* call);

/// True for the markers of frame headers, SOF0 to SOF15.
bool is_jpeg_frame(int marker);

/// True if the first marker in the bytes is the end marker. Skips markers that entropy-coded data may contain, and
/// stuffed and fill bytes.
/// Errors: cancelled, deadline_exceeded.
/// Cost:   linear.
Result<bool> ends_next(std::string_view bytes, const CallContext* call);

}  // namespace gantry::inline GANTRY_ABI::detail

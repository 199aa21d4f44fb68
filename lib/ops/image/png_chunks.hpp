// SPDX-License-Identifier: Apache-2.0
// Where a PNG file ends early, by its chunks' lengths.
#pragma once

#include <gantry/bytes.hpp>

namespace gantry::detail {

enum class PngEnd {
  kComplete,     ///< as far as Pillow looks: an end marker may be missing
  kInPixels,     ///< within a chunk of pixel data
  kBehindPixels  ///< within another chunk, behind the pixels
};

/// For a file that begins with PNG's signature. Looks at headers only.
PngEnd png_end(const Bytes& file);

/// The same file, its last chunk declared to be as long as what is there of it, and an end marker behind. For
/// kInPixels.
Bytes closed_png(const Bytes& file);

}  // namespace gantry::detail

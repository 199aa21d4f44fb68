// SPDX-License-Identifier: Apache-2.0
#include "ops/image/fused/band_pass.hpp"

#include <algorithm>

#include "ops/image/fused/row_engine.hpp"
#include "ops/row_bands.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<void> run_pass_in_bands(const RowPass& pass, const Image& image, const RowSink& sink, const CallContext& call) {
  const ImageSize read = pass.source().size;
  const std::int64_t rows = pass.visible().size.height;
  const std::size_t threads = threads_for(call, read.width * read.height);
  if (threads < 2 || rows < 2) return run_pass(pass, RowSource(image), sink);
  fill_border(sink);
  return run_bands(call, rows, threads, [&](std::int64_t begin, std::int64_t end) {
    const RowPass part = pass.band(begin, end - begin);
    static_cast<void>(run_pass(part, RowSource(image), RowSink(part, sink)));  // cannot fail: the pixels are in memory
  });
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include "ops/image/fused/band_pass.hpp"

#include <algorithm>

#include "ops/image/fused/row_engine.hpp"
#include "pipeline/context.hpp"
#include "runtime/parts.hpp"

namespace gantry::detail {
namespace {

constexpr std::int64_t kHugePixels = 8'000'000;

std::size_t band_count(const RowPass& pass, ImageThreads threads) {
  const ImageSize read = pass.source().size;
  if (threads.count < 2 || read.width * read.height < kHugePixels) return 1;
  return std::min(threads.count, static_cast<std::size_t>(pass.visible().size.height));
}

}  // namespace

ImageThreads ImageThreads::of(const Context& context) {
  if (context.is_inline) return {};
  return {context.runtime, static_cast<std::size_t>(context.runtime->options().image_threads)};
}

Result<void> run_pass_in_bands(const RowPass& pass, const Image& image, const RowSink& sink, ImageThreads threads) {
  const std::size_t bands = band_count(pass, threads);
  if (bands < 2) return run_pass(pass, RowSource(image), sink);
  fill_border(sink);
  const std::int64_t rows = pass.visible().size.height;
  const auto begin_of = [&](std::size_t band) {
    return rows * static_cast<std::int64_t>(band) / static_cast<std::int64_t>(bands);
  };
  run_parts(*threads.core, threads.count, bands, [&](std::size_t band) {
    const RowPass part = pass.band(begin_of(band), begin_of(band + 1) - begin_of(band));
    static_cast<void>(run_pass(part, RowSource(image), RowSink(part, sink)));  // pixels in memory: cannot fail
  });
  return {};
}

}  // namespace gantry::detail

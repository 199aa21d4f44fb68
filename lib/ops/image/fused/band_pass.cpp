// SPDX-License-Identifier: Apache-2.0
#include "ops/image/fused/band_pass.hpp"

#include <algorithm>

#include "ops/image/fused/row_engine.hpp"

namespace gantry::detail {
namespace {

constexpr std::int64_t kHugePixels = 8'000'000;

std::size_t band_count(const RowPass& pass, const CallContext& call) {
  const ImageSize read = pass.source().size;
  if (call.threads() < 2 || read.width * read.height < kHugePixels) return 1;
  return std::min(static_cast<std::size_t>(call.threads()), static_cast<std::size_t>(pass.visible().size.height));
}

}  // namespace

Result<void> run_pass_in_bands(const RowPass& pass, const Image& image, const RowSink& sink, const CallContext& call) {
  const std::size_t bands = band_count(pass, call);
  if (bands < 2) return run_pass(pass, RowSource(image), sink);
  fill_border(sink);
  const std::int64_t rows = pass.visible().size.height;
  const auto begin_of = [&](std::size_t band) {
    return rows * static_cast<std::int64_t>(band) / static_cast<std::int64_t>(bands);
  };
  call.parallel(bands, [&](std::size_t band) {
    const RowPass part = pass.band(begin_of(band), begin_of(band + 1) - begin_of(band));
    static_cast<void>(run_pass(part, RowSource(image), RowSink(part, sink)));  // pixels in memory: cannot fail
  });
  return {};
}

}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
// A whole image at another size: one pass of the row engine.
#include "ops/image/resample.hpp"

#include "ops/image/fused/row_engine.hpp"

namespace gantry::detail {

Result<Image> resample(const Image& source, std::int64_t width, std::int64_t height, const image::Resampling& how) {
  RowPass pass(size_of(source));
  pass.add(ResizeTo{{width, height}, how});
  if (pass.is_crop()) return source;
  auto out = Image::make(width, height, source.colour());
  if (!out) return out;
  if (auto ok = run_pass(pass, RowSource(source), RowSink(pass, *out)); !ok) return std::move(ok).error();
  return out;
}

}  // namespace gantry::detail

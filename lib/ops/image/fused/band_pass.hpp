// SPDX-License-Identifier: Apache-2.0
// One huge image on several threads: its result in bands of rows, each a pass of its own.
#pragma once

#include <cstddef>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"

namespace gantry::detail {

struct Context;
class RuntimeCore;

/// Who may work on one image together.
struct ImageThreads {
  RuntimeCore* core = nullptr;
  std::size_t count = 1;

  /// What the runtime of a request allows; one in caller execution.
  static ImageThreads of(const Context& context);
};

/// As run_pass() over an image; on several threads if it reads at least 8 megapixels. Rows at the edges of bands are
/// read twice. Throws std::bad_alloc. Errors: none.
Result<void> run_pass_in_bands(const RowPass& pass, const Image& image, const RowSink& sink, ImageThreads threads);

}  // namespace gantry::detail

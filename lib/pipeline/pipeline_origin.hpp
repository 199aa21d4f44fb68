// SPDX-License-Identifier: Apache-2.0
// Where a pipeline came from.
#pragma once

#include <gantry/codecs.hpp>
#include <gantry/package_info.hpp>

namespace gantry::detail {

struct PipelineOrigin {
  PackageInfo package;
  Codecs codecs;  ///< of the registry that it was opened with
};

}  // namespace gantry::detail

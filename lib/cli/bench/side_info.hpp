// SPDX-License-Identifier: Apache-2.0
// SideInfo: what reports say of a package that was measured.
#pragma once

#include <chrono>
#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

struct SideInfo {
  std::string directory;
  std::string title;    ///< "efficientnet-lite0 1"
  std::string engines;  ///< "torchscript"; of several models "detector: aoti, embedder: torchscript"
  std::string plan;     ///< AnyPipeline::explain()
  std::chrono::nanoseconds open_time{0};
};

}  // namespace gantry::inline GANTRY_ABI::cli

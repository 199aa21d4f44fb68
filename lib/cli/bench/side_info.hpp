// SPDX-License-Identifier: Apache-2.0
// SideInfo: what reports say about a measured package.
#pragma once

#include <chrono>
#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

struct SideInfo {
  std::string directory;
  std::string title;    ///< "efficientnet-lite0 1"
  std::string engines;  ///< "torchscript"; for several models "detector: aoti, embedder: torchscript"
  std::string plan;     ///< AnyPipeline::explain()
  std::chrono::nanoseconds open_time{0};
};

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// PackageInfo: what is known of the package that a pipeline came from.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gantry {

/// What open() found out; also what `gantry inspect` prints. All empty for a pipeline that came from no package.
struct PackageInfo {
  std::string name;
  std::string version;
  std::string engine;                        ///< the kind that serves
  std::vector<std::string> skipped_engines;  ///< "aoti: requires torch 2.15, this is 2.6"
  std::size_t golden_cases = 0;              ///< that passed
  std::size_t golden_boundaries = 0;         ///< stage boundaries and results compared
};

}  // namespace gantry

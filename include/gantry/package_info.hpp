// SPDX-License-Identifier: Apache-2.0
// PackageInfo: what is known of the package that a pipeline came from.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// What open() found out about a model of the package.
struct PackageModel {
  std::string name;
  std::string engine;                        ///< the kind that serves
  bool is_hosts = false;                     ///< OpenOptions::host_models gave it
  std::vector<std::string> skipped_engines;  ///< "aoti: requires torch 2.15, this is 2.6"
  std::string merging;                       ///< Model::merging()
};

/// What open() found out; also what `gantry inspect` prints. All empty for a pipeline that came from no package.
struct PackageInfo {
  std::string name;
  std::string version;
  std::vector<PackageModel> models;   ///< by name
  std::size_t golden_cases = 0;       ///< that passed as it was opened
  std::size_t golden_boundaries = 0;  ///< stage boundaries and results compared then
  /// Golden::kFirstTime: how many passed when the package was first opened here, if that is remembered; else 0.
  std::size_t golden_cases_remembered = 0;
  std::string golden_note;  ///< why they could not be remembered; empty: they were, or need not be
};

}  // namespace GANTRY_ABI
}  // namespace gantry

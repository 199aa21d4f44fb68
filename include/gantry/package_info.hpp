// SPDX-License-Identifier: Apache-2.0
// PackageInfo: data about the package that a pipeline came from.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// What open() determined about a model of the package.
struct PackageModel {
  std::string name;
  std::string engine;                        ///< the kind of the engine in use
  bool is_hosts = false;                     ///< the model came from OpenOptions::host_models
  std::vector<std::string> skipped_engines;  ///< "aoti: requires torch 2.15, this is 2.6"
  std::string merging;                       ///< Model::merging()
};

/// What open() determined; `gantry inspect` prints it too. Empty for a pipeline that came from no package.
struct PackageInfo {
  std::string name;
  std::string version;
  std::vector<PackageModel> models;   ///< by name
  std::size_t golden_cases = 0;       ///< number that passed when the package was opened
  std::size_t golden_boundaries = 0;  ///< stage boundaries and results compared in these cases
  /// Golden::kFirstTime: number that passed when the package was first opened here, if recorded; else 0.
  std::size_t golden_cases_remembered = 0;
  std::string golden_note;  ///< why no record could be written; empty if it was written or not needed
};

}  // namespace GANTRY_ABI
}  // namespace gantry

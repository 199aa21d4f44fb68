// SPDX-License-Identifier: Apache-2.0
// Everything of gantry::gantry: the library with its LibTorch engines; what most hosts include.
//
//   auto pipeline = gantry::open<gantry::Bytes, gantry::Classes>("models/efficientnet-lite0/1");
#pragma once

#include <string>

#include <gantry/core.hpp>
#include <gantry/libtorch.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// open() with every engine that is linked.
template <class In, class Out>
Result<Pipeline<In, Out>> open(const std::string& directory, const OpenOptions& options = {}) {
  return open<In, Out>(directory, libtorch::engines(), options);
}

/// open_any() with every engine that is linked.
inline Result<AnyPipeline> open_any(const std::string& directory, const OpenOptions& options = {}) {
  return open_any(directory, libtorch::engines(), options);
}

}  // namespace GANTRY_ABI
}  // namespace gantry

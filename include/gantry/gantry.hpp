// SPDX-License-Identifier: Apache-2.0
// All headers of gantry::gantry: the library with its LibTorch engines. Most host applications include this one.
//
//   auto pipeline = gantry::open<gantry::Bytes, gantry::Classes>("models/efficientnet-lite0/1");
#pragma once

#include <string>

#include <gantry/core.hpp>
#include <gantry/libtorch.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// open() with all linked engines.
template <class In, class Out>
Result<Pipeline<In, Out>> open(const std::string& directory, const OpenOptions& options = {}) {
  return open<In, Out>(directory, libtorch::engines(), options);
}

/// open_any() with all linked engines.
inline Result<AnyPipeline> open_any(const std::string& directory, const OpenOptions& options = {}) {
  return open_any(directory, libtorch::engines(), options);
}

}  // namespace GANTRY_ABI
}  // namespace gantry

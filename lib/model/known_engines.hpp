// SPDX-License-Identifier: Apache-2.0
// gantry's engines: each kind and the component that contains it. One row for each engine in lib/engine.
#pragma once

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::detail {

struct KnownEngine {
  const char* kind;
  const char* component;  ///< gantry::<component>, libgantry_<component>.so
};

inline constexpr KnownEngine kKnownEngines[] = {
    {"torchscript", "torch"}, {"aoti", "torch"}, {"executorch", "executorch"}};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// A library must not print; LibTorch prints warnings by default.
#pragma once

#include <gantry/version.hpp>

#include <c10/util/Exception.h>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A handler that drops warnings, for c10::WarningUtils::WarningHandlerGuard. Thread-safe.
inline c10::WarningHandler& silence() {
  class Silence final : public c10::WarningHandler {
    void process(const c10::Warning&) override {}
  };
  static Silence handler;
  return handler;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

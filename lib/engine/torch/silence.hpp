// SPDX-License-Identifier: Apache-2.0
// A library does not print; by default LibTorch prints warnings.
#pragma once

#include <c10/util/Exception.h>

namespace gantry::libtorch {

/// A handler that drops warnings, for c10::WarningUtils::WarningHandlerGuard. Thread-safe.
inline c10::WarningHandler& silence() {
  class Silence final : public c10::WarningHandler {
    void process(const c10::Warning&) override {}
  };
  static Silence handler;
  return handler;
}

}  // namespace gantry::libtorch

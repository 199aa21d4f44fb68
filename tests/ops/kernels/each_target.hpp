// SPDX-License-Identifier: Apache-2.0
// Runs a test on every instruction set that the kernels are compiled for and this machine has.
#pragma once

#include <hwy/targets.h>

#include <gtest/gtest.h>
#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::test {

template <class Body>
void on_each_target(Body body) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    SCOPED_TRACE(hwy::TargetName(target));
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace gantry::inline GANTRY_ABI::test

// SPDX-License-Identifier: Apache-2.0
// Asking for a GPU on a machine without one. CMake registers this test there, and cuda_engine_test.cpp where there is
// one.
#include <gtest/gtest.h>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(CudaWithoutGpu, SaysWhatIsMissingAndFallsBackToNothing) {
  ModelOptions options = on(make_runtime(1));
  options.device = Device::cuda(0);
  const auto model = load_rows("throws.ts", options);
  ASSERT_THAT(model, FailsWith(ErrorCode::kFailedPrecondition, "CUDA cannot be used"));
  EXPECT_THAT(model.error().message(),
              AnyOf(HasSubstr("no NVIDIA driver is installed (libcuda.so.1 was not found)"),
                    HasSubstr("this LibTorch is built without it"), HasSubstr("LibTorch sees no CUDA device")));
}

TEST(CudaWithoutGpu, LeavesTheCpuUsable) {
  ModelOptions options = on(make_runtime(1));
  options.device = Device::cuda(1);
  EXPECT_FALSE(load_rows("throws.ts", options).ok());
  options.device = Device::cpu();
  EXPECT_THAT(output_of(load_rows("throws.ts", options).value().run(x_of({1, 2}))), ElementsAre(2, 4));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

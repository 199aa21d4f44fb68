// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/device.hpp>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;

TEST(Device, ParsesWhatItPrints) {
  for (const Device device : {Device::cpu(), Device::cuda(0), Device::cuda(7), Device::cuda(127)})
    EXPECT_EQ(Device::parse(device.to_string()).value(), device);
  EXPECT_EQ(Device::parse("cuda").value(), Device::cuda(0));
  EXPECT_EQ(Device::cuda(3).to_string(), "cuda:3");
  EXPECT_EQ(Device().to_string(), "cpu");
  EXPECT_TRUE(Device().is_cpu());
  EXPECT_NE(Device::cpu(), Device::cuda(0));
}

TEST(Device, IndicesStayWithin127) {
  static_assert(Device::cuda(200).index() == 127);
  EXPECT_EQ(Device::cuda(128), Device::cuda(127));
  EXPECT_EQ(Device::cuda(-1).to_string(), "cuda:0");
  EXPECT_EQ(Device::cuda(256).to_string(), "cuda:127");
}

TEST(Device, RefusesEverythingElse) {
  for (const char* text :
       {"", "CPU", "gpu", "cuda:", "cuda:-1", "cuda:128", "cuda:1x", "cuda: 1", "cpu:0", "cuda:99999999999999999999"})
    EXPECT_THAT(Device::parse(text), FailsWith(ErrorCode::kInvalidArgument, "expected 'cpu', 'cuda' or 'cuda:N'"))
        << text;
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

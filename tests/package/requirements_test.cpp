// SPDX-License-Identifier: Apache-2.0
// What engines of a package may ask for.
#include "package/requirements.hpp"

#include <gtest/gtest.h>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::detail {
namespace {

TEST(Requirements, ComparesTorchVersionsByNumber) {
  EXPECT_TRUE(meets_torch_requirement("2.15.0", "2.15"));
  EXPECT_TRUE(meets_torch_requirement("2.15.1+cpu", "2.15"));
  EXPECT_FALSE(meets_torch_requirement("2.15.0", "2.1"));
  EXPECT_FALSE(meets_torch_requirement("2.6.0", "2.15"));
  EXPECT_TRUE(meets_torch_requirement("2.15.0", ">=2.6"));
  EXPECT_TRUE(meets_torch_requirement("3.0.0", ">=2.6"));
  EXPECT_FALSE(meets_torch_requirement("2.5.1", ">=2.6"));
}

TEST(Requirements, IsaLevelsIncludeTheBaseline) {
  const auto levels = available_isas();
  ASSERT_FALSE(levels.empty());
  EXPECT_TRUE(levels[0] == "x86-64" || levels[0] == "aarch64") << levels[0];
}

TEST(Requirements, SayWhatIsUnmet) {
  const EngineLoader loader = test::fake_loader(nullptr, "aoti", "2.6.0");
  const auto reason = [&](EngineEntry entry, const EngineLoader* with, Device device = Device::cpu()) {
    entry.kind = "aoti";
    if (entry.device.empty()) entry.device = "any";
    auto unmet = unmet_requirement(entry, with, device);
    return unmet ? unmet->to_string() : "";
  };
  EngineEntry entry;
  EXPECT_EQ(reason(entry, &loader), "");
  EXPECT_EQ(reason(entry, nullptr), "unsupported: engine 'aoti' is not linked; link gantry::torch");
  entry.torch = "2.15";
  EXPECT_EQ(reason(entry, &loader), "failed_precondition: engine 'aoti' requires torch 2.15, this is 2.6.0");
  entry = {};
  entry.isa = available_isas()[0] == "aarch64" ? "x86-64" : "aarch64";
  EXPECT_NE(reason(entry, &loader).find("requires " + entry.isa + ", this CPU has "), std::string::npos);
  entry = {};
  entry.device = "cuda";
  EXPECT_EQ(reason(entry, &loader), "unsupported: engine 'aoti' is for device 'cuda', asked for is 'cpu'");
  EXPECT_EQ(reason(entry, &loader, Device::cuda(0)), "");
}

}  // namespace
}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
// What engines of a package may ask for.
#include "package/requirements.hpp"

#include <gtest/gtest.h>

#include <gantry/isa.hpp>
#include <stdexcept>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// An engine that asks for what it likes.
class ChoosyLoader final : public EngineLoader {
 public:
  std::string kind() const override { return "aoti"; }
  std::string version() const override { return "2.6.0"; }
  Result<void> check(const JsonView& requirements, Device device) const override {
    JsonFields fields(requirements);
    const std::string torch = fields.string("torch", "");
    if (auto ok = fields.finish(); !ok) return ok;
    if (torch == "throw") throw std::runtime_error("a loader that throws");
    if (torch.empty() && device.is_cpu()) return {};
    return Error(ErrorCode::kFailedPrecondition, "requires torch " + torch + ", this is 2.6.0");
  }
  Result<std::unique_ptr<Engine>> load(const LoadRequest&) const override {
    return Error(ErrorCode::kInternal, "not asked for");
  }
};

EngineEntry entry_with(Json requirements = Json::object()) {
  EngineEntry entry;
  entry.path = "engines[0]";
  entry.kind = "aoti";
  entry.device = "any";
  entry.requirements = std::move(requirements);
  return entry;
}

std::string reason(const EngineEntry& entry, const EngineLoader* loader, Device device = Device::cpu()) {
  const auto unmet = unmet_requirement(entry, loader, device);
  return unmet ? unmet->to_string() : "";
}

TEST(Requirements, AreTheLoadersToJudge) {
  const ChoosyLoader loader;
  EXPECT_EQ(reason(entry_with(), &loader), "");
  EXPECT_EQ(reason(entry_with({{"torch", "2.15"}}), &loader),
            "failed_precondition: engine 'aoti' requires torch 2.15, this is 2.6.0");
  EXPECT_EQ(reason(entry_with({{"glibc", "2.36"}}), &loader),
            "invalid_argument: engine 'aoti': engines[0].requires.glibc: unknown key; expected one of torch");
  EXPECT_EQ(reason(entry_with({{"torch", "throw"}}), &loader),
            "internal: engine 'aoti': threw std::runtime_error: a loader that throws");
}

TEST(Requirements, SayWhatToLink) {
  EXPECT_EQ(reason(entry_with(), nullptr), "unsupported: engine 'aoti' is not linked; link gantry::torch");
  EngineEntry own = entry_with();
  own.kind = "abacus";
  EXPECT_EQ(reason(own, nullptr), "unsupported: engine 'abacus' is not linked");
}

TEST(Requirements, NameTheDeviceThatAFileWasMadeFor) {
  const auto loader = test::fake_loader();
  EngineEntry entry = entry_with();
  entry.device = "cuda";
  EXPECT_EQ(reason(entry, loader.get()), "unsupported: engine 'aoti' is for device 'cuda', asked for is 'cpu'");
  EXPECT_EQ(reason(entry, loader.get(), Device::cuda(0)), "");
}

TEST(Requirements, OfAnEngineWithoutACheckOfItsOwnAreAnInstructionSetAlone) {
  const auto loader = test::fake_loader();
  const std::string foreign = isa_levels().at(0) == "aarch64" ? "x86-64" : "aarch64";
  EXPECT_EQ(reason(entry_with({{"isa", isa_levels().back()}}), loader.get()), "");
  EXPECT_EQ(reason(entry_with({{"isa", foreign}}), loader.get()),
            "failed_precondition: engine 'aoti' requires " + foreign + ", this CPU has " + isa_levels().back());
  EXPECT_NE(reason(entry_with({{"isa", "x87"}}), loader.get()).find("expected one of x86-64, x86-64-v2"),
            std::string::npos);
  EXPECT_NE(reason(entry_with({{"torch", "2.15"}}), loader.get()).find("torch: unknown key; expected one of isa"),
            std::string::npos);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail

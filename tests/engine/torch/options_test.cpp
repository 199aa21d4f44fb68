// SPDX-License-Identifier: Apache-2.0
// What the LibTorch engines can be told, by the host and by a package, and what a package may ask of them.
#include "engine/torch/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <gantry/isa.hpp>

#include "engine/torch/engine_fixtures.hpp"
#include "model/version_requirement.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using libtorch::read_options;
using testing::ElementsAre;

EngineOptions from_json(const std::string& text) {
  return EngineOptions::from_json(JsonView::parse(text, "options").value()).value();
}

/// A request of which a package says `package` and the host `host`; the package holds ops/libmy.so.
LoadRequest request_of(const std::string& package, const libtorch::Options& host = {}) {
  LoadRequest request = request_for("identity.ts", row_signature(), host);
  request.package_options = from_json(package);
  request.open_file = [](const std::string& name) -> Result<ModelFile> {
    if (name == "ops/libmy.so") return ModelFile::open(model_file("identity.ts"));
    return Error(ErrorCode::kNotFound, "file '" + name + "' is not listed in files");
  };
  return request;
}

TEST(TorchOptions, BecomeEngineOptionsWhereTheyDifferFromTheDefaults) {
  libtorch::Options options;
  EXPECT_TRUE(EngineOptions(options).empty());
  options.arguments = {{"sr", 16000}};
  options.libraries = {"/a.so"};
  options.trust_unverified_code = true;
  options.retain_activation_memory = false;
  options.scratch_dir = "/scratch";
  options.plan = "fused";
  EXPECT_EQ(EngineOptions(options),
            from_json(R"({"arguments": {"sr": 16000}, "libraries": ["/a.so"], "trust_unverified_code": true,
                          "retain_activation_memory": false, "scratch_dir": "/scratch", "plan": "fused"})"));
  ModelOptions model;
  options.apply_to(model);
  EXPECT_EQ(model.engine_options.at("torchscript"), EngineOptions(options));
  EXPECT_THAT(read_options(request_of("{}", options)),
              FailsWith(ErrorCode::kInvalidArgument, "unknown option 'plan'"));  // AOTInductor's code has none
  const auto read = libtorch::read_torchscript_options(request_of("{}", options));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->plan, "fused");
  options.plan.clear();
  EXPECT_EQ(model.engine_options.at("aoti"), EngineOptions(options));
  EXPECT_EQ(read->arguments, options.arguments);
  EXPECT_THAT(read->libraries, ElementsAre("/a.so"));
  EXPECT_TRUE(read->trust_unverified_code);
  EXPECT_FALSE(read->retain_activation_memory);
  EXPECT_EQ(read->scratch_dir, "/scratch");
}

TEST(TorchOptions, OfThePackageGoBeforeTheHosts) {
  libtorch::Options host;
  host.arguments = {{"sr", 8000}, {"mode", "fast"}};
  const auto read = read_options(request_of(R"({"arguments": {"sr": 16000}, "libraries": ["ops/libmy.so"]})", host));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->arguments, (OptionValue::Object{{"sr", 16000}, {"mode", "fast"}}));
  EXPECT_EQ(read->packaged_libraries.size(), 1u);
  EXPECT_TRUE(read->libraries.empty());
}

TEST(TorchOptions, ALibraryIsAFileOfThePackageOrABareNameThatTheHostGives) {
  EXPECT_THAT(read_options(request_of(R"({"libraries": ["torchvision"]})")),
              FailsWith(ErrorCode::kFailedPrecondition, "operators of 'torchvision'; give its path in"));
  libtorch::Options host;
  host.libraries = {"/opt/libtorchvision.so"};
  EXPECT_THAT(read_options(request_of(R"({"libraries": ["torchvision"]})", host)), IsOk());
  for (const char* name : {"ops/libother.so", "/lib/x86_64-linux-gnu/libc.so.6"})
    EXPECT_THAT(read_options(request_of("{\"libraries\": [\"" + std::string(name) + "\"]}", host)),
                FailsWith(ErrorCode::kInvalidArgument, "is not listed in files"))
        << name;
}

TEST(TorchOptions, APackageCannotSetOptionsOfTheHost) {
  for (const char* options : {R"({"trust_unverified_code": true})", R"({"scratch_dir": "/dev/shm"})",
                              R"({"retain_activation_memory": true})"}) {
    const auto read = read_options(request_of(options));
    EXPECT_THAT(read, FailsWith(ErrorCode::kInvalidArgument, "is the host's to set")) << options;
    EXPECT_THAT(read, FailsWith(ErrorCode::kInvalidArgument, "options of the package")) << options;
  }
}

TEST(TorchOptions, EachMistakeIsNamed) {
  const std::pair<const char*, const char*> mistakes[] = {
      {R"({"library": []})", "unknown option 'library'; known are 'arguments', 'libraries'"},
      {R"({"libraries": "torchvision"})", "option 'libraries': expected a list of strings, got \"torchvision\""},
      {R"({"libraries": [7]})", "option 'libraries': item 0: expected a string, got 7"},
      {R"({"libraries": ["a", ""]})", "option 'libraries': item 1: expected a file of the package"},
      {R"({"libraries": [".."]})", "option 'libraries': item 0: expected a file of the package"},
      {R"({"libraries": ["a\nb"]})", "option 'libraries': item 0: expected a file of the package"},
      {R"({"libraries": ["a", "a"]})", "option 'libraries': 'a' is listed twice"},
      {R"({"libraries": ["0","1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16"]})",
       "option 'libraries': has 17 libraries, at most 16 are allowed"},
      {R"({"arguments": []})", "option 'arguments': expected an object, got a list"},
      {R"({"arguments": {"": 1}})", "option 'arguments': an argument has no name"},
      {R"({"arguments": {"x": 1}})", "option 'arguments': 'x' is the name of an input"},
      {R"({"arguments": {"sr": [16000]}})", "option 'arguments': 'sr': expected true, false, a 64-bit integer"},
  };
  for (const auto& [options, message] : mistakes)
    EXPECT_THAT(read_options(request_of(options)), FailsWith(ErrorCode::kInvalidArgument, std::string(message)))
        << options;
  libtorch::Options many;
  for (int i = 0; i < 65; ++i) many.arguments.emplace("a" + std::to_string(i), i);
  EXPECT_THAT(read_options(request_of("{}", many)),
              FailsWith(ErrorCode::kInvalidArgument, "options of the host: option 'arguments': has 65 arguments"));
  LoadRequest request = request_for("identity.ts", row_signature());
  request.host_options.set("thread", 2);
  EXPECT_THAT(libtorch::load_torchscript(request), FailsWith(ErrorCode::kInvalidArgument, "unknown option 'thread'"));
}

TEST(TorchOptions, AnAotiPackageHasItsArgumentsCompiledIn) {
  libtorch::Options host;
  host.arguments = {{"sr", 8000}};
  EXPECT_THAT(libtorch::load_aoti(request_for("identity.ts", row_signature(), host)),
              FailsWith(ErrorCode::kInvalidArgument, "has its arguments compiled in"));
}

TEST(TorchEngines, TorchScriptTakesOneFile) {
  LoadRequest request = request_for("identity.ts", row_signature());
  request.files[0].batch = 4;
  EXPECT_THAT(libtorch::load_torchscript(request),
              FailsWith(ErrorCode::kInvalidArgument, "takes one file for all batch sizes, got 1 for one size"));
  request.files.push_back(request.files[0]);
  EXPECT_THAT(libtorch::load_torchscript(request), FailsWith(ErrorCode::kInvalidArgument, "got 2 for a size each"));
}

Result<void> check(const std::string& requirements) {
  return libtorch::engines()[1]->check(JsonView::parse(requirements, "engines[0].requires").value(), Device::cpu());
}

TEST(TorchRequirements, CompareVersionsByNumber) {
  using detail::meets_version;
  EXPECT_TRUE(meets_version("2.15.0", "2.15"));
  EXPECT_TRUE(meets_version("2.15.1+cpu", "2.15"));
  EXPECT_FALSE(meets_version("2.15.0", "2.1"));
  EXPECT_FALSE(meets_version("2.6.0", "2.15"));
  EXPECT_TRUE(meets_version("2.15.0", ">=2.6"));
  EXPECT_TRUE(meets_version("3.0.0", ">=2.6"));
  EXPECT_FALSE(meets_version("2.5.1", ">=2.6"));
}

TEST(TorchRequirements, AreATorchAndAnIsa) {
  EXPECT_THAT(check("{}"), IsOk());
  EXPECT_THAT(check(R"({"torch": ">=2.6", "isa": ")" + isa_levels().at(0) + "\"}"), IsOk());
  EXPECT_THAT(check(R"({"torch": "1.99"})"), FailsWith(ErrorCode::kFailedPrecondition, "requires torch 1.99, this is"));
  EXPECT_THAT(check(R"({"torch": "two"})"),
              FailsWith(ErrorCode::kInvalidArgument, "engines[0].requires.torch: expected \"2.15\" or \">=2.6\""));
  EXPECT_THAT(check(R"({"isa": "x86-64-v9"})"), FailsWith(ErrorCode::kInvalidArgument, "expected one of x86-64"));
  EXPECT_THAT(
      check(R"({"glibc": "2"})"),
      FailsWith(ErrorCode::kInvalidArgument, "engines[0].requires.glibc: unknown key; expected one of isa, torch"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

// SPDX-License-Identifier: Apache-2.0
// Golden::kFirstTime: what is remembered of a package that passed, and what is not.
#include "package/golden_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <gantry/package.hpp>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

namespace fs = std::filesystem;
using test::FailsWith;
using test::fake_loader;
using test::FakeScript;
using test::IsOk;
using test::npy;
using test::PackageBuilder;
using test::row;
using test::TemporaryDirectory;
using test::values_of;

/// x:f32[batch,2] -> y = 2 x, three golden cases, rows that are independent.
struct ThreeCases : PackageBuilder {
  ThreeCases() {
    for (const int number : {1, 2}) {
      const std::string folder = "golden/" + std::to_string(number);
      const auto value = static_cast<float>(number);
      files[folder + "/input.npy"] = npy({value, 4});
      files[folder + "/0.npy"] = npy({2 * value, 8});
      auto golden = manifest["golden"][0];
      golden["input"]["npy"] = folder + "/input.npy";
      golden["stages"][0]["value"]["npy"] = golden["result"]["value"]["npy"] = folder + "/0.npy";
      manifest["golden"].push_back(golden);
    }
    model()["engines"][0]["rows"] = {
        {"independent", true}, {"sizes", {2, 4}}, {"samples", 2}, {"atol", 1e-6}, {"rtol", 1e-6}};
  }
};

class FirstTime : public testing::Test {
 protected:
  FirstTime() {
    options.model.runtime = test::make_runtime(2);
    options.golden = Golden::kFirstTime;
    options.golden_cache = directory / "golden";
  }

  Result<AnyPipeline> open() { return open_any(package.write(), {fake_loader(script)}, options); }
  /// How many engine calls opening takes, and -1 if it fails.
  long calls_to_open() {
    const auto before = script->calls();
    const auto opened = open();
    EXPECT_THAT(opened, IsOk());
    return opened ? static_cast<long>(script->calls() - before) : -1;
  }
  std::vector<std::string> records() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(options.golden_cache)) names.push_back(entry.path().string());
    return names;
  }

  TemporaryDirectory directory;
  ThreeCases package;
  std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>();
  OpenOptions options;
};

TEST_F(FirstTime, RunsAllCasesOnceAndOneCaseFromThenOn) {
  const auto first = open();
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->package().golden_cases, 3u);
  EXPECT_EQ(first->package().golden_cases_remembered, 0u);
  EXPECT_EQ(records().size(), 1u) << "and nothing unfinished";
  const auto calls = script->calls();
  const auto second = open();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(script->calls() - calls, 1u);
  EXPECT_EQ(second->package().golden_cases, 1u);
  EXPECT_EQ(second->package().golden_boundaries, 2u);
  EXPECT_EQ(second->package().golden_cases_remembered, 3u);
  EXPECT_EQ(second->package().models.at(0).merging, first->package().models.at(0).merging);
  EXPECT_THAT(second->package().models.at(0).merging, testing::HasSubstr("merges up to 4 samples"));
  EXPECT_THAT(second->explain(), testing::HasSubstr("golden cases: 1 of 3 run, since all passed when the package was "
                                                    "first opened here"));
  EXPECT_THAT(first->explain(), testing::Not(testing::HasSubstr("golden cases: 1 of")));
  const auto typed = second->as<Tensor, Tensor>();
  ASSERT_THAT(typed, IsOk());
  EXPECT_EQ(values_of(typed->run(row({5, 7})).value()), (std::vector<float>{10, 14}));
}

TEST_F(FirstTime, WhatIsRememberedCountsForNothingElse) {
  EXPECT_GT(calls_to_open(), 1);
  ASSERT_EQ(calls_to_open(), 1);
  const std::vector<std::pair<const char*, std::function<void()>>> changes = {
      {"the package", [&] { package.manifest["version"] = "2"; }},
      {"an option", [&] { options.model.max_batch = 2; }},
      {"an engine's option", [&] { options.model.engine_options["fake"].set("plan", "other"); }},
      {"the threads", [&] { options.model.runtime = test::make_runtime(3); }},
      {"the tag", [&] { options.golden_tag = "2"; }},
      {"the engine asked for", [&] { options.engine = "fake"; }},
      {"a model's options", [&] { options.models["net"] = options.model; }},
      {"the warm-up", [&] { options.model.warmup_runs = 1; }}};
  for (const auto& [what, change] : changes) {
    change();
    EXPECT_GT(calls_to_open(), 1) << what;
    EXPECT_EQ(calls_to_open(), 1) << what;
  }
  EXPECT_EQ(records().size(), changes.size() + 1);
}

TEST_F(FirstTime, AnotherVersionOfTheEngineIsCheckedWhole) {
  class Newer final : public EngineLoader {
   public:
    explicit Newer(std::shared_ptr<FakeScript> script) : script_(std::move(script)) {}
    std::string kind() const override { return "fake"; }
    std::string version() const override { return "1.1"; }
    Result<std::unique_ptr<Engine>> load(const LoadRequest&) const override {
      return std::unique_ptr<Engine>(std::make_unique<test::FakeEngine>(script_));
    }

   private:
    std::shared_ptr<FakeScript> script_;
  };
  ASSERT_THAT(open(), IsOk());
  const auto opened = open_any(package.write(), {std::make_shared<Newer>(script)}, options);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->package().golden_cases, 3u);
}

TEST_F(FirstTime, ACaseThatFailsIsCheckedWholeAndForgotten) {
  ASSERT_THAT(open(), IsOk());
  ASSERT_EQ(records().size(), 1u);
  script->factor = 3;
  EXPECT_THAT(open(),
              FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > pipeline[0]: element [0]: expected 2, got 3"));
  EXPECT_TRUE(records().empty());
  script->factor = 2;
  EXPECT_GT(calls_to_open(), 1);
}

TEST_F(FirstTime, WhatFailsIsNotRemembered) {
  package.files["golden/2/0.npy"] = npy({9, 9});
  EXPECT_THAT(open(), FailsWith(ErrorCode::kFailedPrecondition, "golden[2] > pipeline[0]"));
  EXPECT_TRUE(records().empty());
}

TEST_F(FirstTime, DamagedRecordsCountAsNone) {
  ASSERT_THAT(open(), IsOk());
  const std::string path = records().at(0);
  const std::string good = test::text_of(read_file(path).value());
  const std::vector<std::string> damages = {
      "", "{", good.substr(0, good.size() / 2), "[]", "{\"format\": 1}", std::string(2 << 20, ' '), [&] {
        std::string other = good;
        other.replace(other.find("\"format\":1"), 10, "\"format\":9");
        return other;
      }()};
  for (const std::string& damage : damages) {
    test::write_text(path, damage);
    EXPECT_GT(calls_to_open(), 1) << damage.substr(0, 40);
    EXPECT_EQ(test::text_of(read_file(path).value()), good) << "written anew";
    EXPECT_EQ(calls_to_open(), 1);
  }
  fs::remove(path);
  fs::create_directory(path);
  const auto opened = open();
  ASSERT_THAT(opened, IsOk());
  EXPECT_THAT(opened->package().golden_note, testing::HasSubstr("cannot be written to"));
}

TEST_F(FirstTime, AnInterruptedOpenLeavesNothingThatCounts) {
  fs::create_directory(options.golden_cache);
  fs::permissions(options.golden_cache, fs::perms::owner_all);
  test::write_text(options.golden_cache + "/.0123-4-5", "{\"format\"");
  EXPECT_GT(calls_to_open(), 1);
  EXPECT_EQ(calls_to_open(), 1);
}

TEST_F(FirstTime, EachCaseOfAModelWithStateMeetsANewInstance) {
  script->has_state = true;
  package.model()["engines"][0].erase("rows");
  package.files["golden/0/0.npy"] = npy({3, -5});  // the first run of an instance adds 1
  package.files["golden/1/0.npy"] = npy({3, 9});
  package.files["golden/2/0.npy"] = npy({5, 9});
  ASSERT_THAT(open(), IsOk());
  EXPECT_EQ(calls_to_open(), 1);
}

TEST_F(FirstTime, RefusesADirectoryThatOthersMayWriteTo) {
  fs::create_directory(options.golden_cache);
  ::chmod(options.golden_cache.c_str(), 0777);
  EXPECT_THAT(open(), FailsWith(ErrorCode::kFailedPrecondition, "is writable for everybody"));
  options.golden_cache += "/mine";
  EXPECT_THAT(open(), IsOk());
  struct stat status {};
  ASSERT_EQ(::stat(options.golden_cache.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
}

TEST_F(FirstTime, SaysWhatItCannotUse) {
  options.golden_cache.clear();
  EXPECT_THAT(open(), FailsWith(ErrorCode::kInvalidArgument, "needs golden_cache"));
  options.golden_cache = directory / "no/such";
  EXPECT_THAT(open(), FailsWith(ErrorCode::kNotFound, "cannot be made: No such file or directory"));
  test::write_text(directory / "file", "");
  options.golden_cache = directory / "file";
  EXPECT_THAT(open(), FailsWith(ErrorCode::kNotFound, "is no directory"));
  options.golden_cache = directory / "golden";
  options.registry = Registry::builtin();
  EXPECT_THAT(open(), FailsWith(ErrorCode::kInvalidArgument, "golden_tag"));
  options.golden_tag = "ops 3";
  EXPECT_THAT(open(), IsOk());
  options.model.device = Device::cuda(0);
  EXPECT_THAT(open(), FailsWith(ErrorCode::kUnsupported, "remembers models on the CPU"));
}

TEST_F(FirstTime, WhereNothingCanBeWrittenAllCasesRunEachTime) {
  ASSERT_THAT(open(), IsOk());
  const std::string path = records().at(0);
  fs::remove(path);
  fs::create_directories(path + "/full");  // a name that no file can take
  for (int i = 0; i < 2; ++i) {
    const auto opened = open();
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ(opened->package().golden_cases, 3u);
    EXPECT_THAT(opened->package().golden_note, testing::HasSubstr("cannot be written to"));
  }
  EXPECT_EQ(records().size(), 1u) << "nothing unfinished stays";
}

TEST(GoldenCases, RunOnAllWorkers) {
  ThreeCases package;
  auto script = std::make_shared<FakeScript>();
  script->gate.close();
  OpenOptions options;
  options.model.runtime = test::make_runtime(3);
  std::thread opener([&] { EXPECT_THAT(open_any(package.write(), {fake_loader(script)}, options), IsOk()); });
  script->gate.wait_for_arrivals(3);  // or this never ends
  script->gate.open();
  opener.join();
  EXPECT_EQ(script->most_at_once(), 3);
}

TEST(GoldenCases, OfSeveralThatFailTheFirstCounts) {
  ThreeCases package;
  package.files["golden/1/0.npy"] = npy({9, 9});
  package.files["golden/2/0.npy"] = npy({9, 9});
  OpenOptions options;
  options.model.runtime = test::make_runtime(3);
  EXPECT_THAT(open_any(package.write(), {fake_loader()}, options),
              FailsWith(ErrorCode::kFailedPrecondition, "golden[1] > pipeline[0]: element [0]: expected 9, got 2"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

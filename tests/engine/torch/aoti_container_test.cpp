// SPDX-License-Identifier: Apache-2.0
// The code of AOTInductor packages as a guest: it fails where TorchScript does, prints nothing, and keeps state apart.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <thread>
#include <utility>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

/// What is written to stderr, by whatever means, while the object lives.
class CapturedStderr {
 public:
  CapturedStderr() : file_(std::tmpfile()), before_(::dup(2)) {
    std::fflush(stderr);
    ::dup2(::fileno(file_), 2);
  }
  ~CapturedStderr() {
    put_back();
    std::fclose(file_);
  }
  std::string text() {
    put_back();
    std::rewind(file_);
    std::string text;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) text += static_cast<char>(c);
    return text;
  }

 private:
  void put_back() {
    if (before_ < 0) return;
    std::cerr.flush();
    std::fflush(stderr);
    ::dup2(before_, 2);
    ::close(std::exchange(before_, -1));
  }
  std::FILE* file_;
  int before_;
};

/// The arguments of indexed.pt2, and of indexed.ts, which is the same as TorchScript.
constexpr const char* kIndexed[] = {"embedding",   "gather",       "index",      "index_put",     "scatter",
                                    "scatter_add", "index_select", "take",       "one_hot",       "embedding_bag",
                                    "index_add",   "index_copy",   "index_fill", "cross_entropy", "floor_divide",
                                    "remainder",   "truncate"};

Result<Model> load_indexed(const std::string& file, const Runtime& runtime) {
  std::string inputs, outputs;
  for (const char* name : kIndexed) {
    inputs += std::string(inputs.empty() ? "" : "; ") + name + ":i64[2,3]";
    outputs += std::string(outputs.empty() ? "" : "; ") + name + ".0:f32[1]";
  }
  return libtorch::load(model_file(file), Signature::parse(inputs, outputs).value(), on(runtime, 0));
}

/// Argument `name` has `value` in one place; all others are fine.
Tensors indices(const std::string& name, std::int64_t value) {
  Tensors tensors;
  for (const char* each : kIndexed) {
    std::vector<std::int64_t> values = {1, 2, 3, 3, 2, 1};
    if (each == name) values[0] = value;
    tensors.add(each, Tensor::from<std::int64_t>(Span<const std::int64_t>(values), {2, 3}).value());
  }
  return tensors;
}

TEST(AotiContainer, FailsOnABadIndexWhereTorchScriptDoesAndGivesTheSameElsewhere) {
  const Runtime runtime = make_runtime(1);
  const Model aoti = load_indexed("indexed.pt2", runtime).value();
  const Model script = load_indexed("indexed.ts", runtime).value();
  EXPECT_EQ(aoti.info().matching, "inputs by position, outputs by name");  // nested ones, by their paths
  const auto fine = aoti.run(indices("none", 0)).value();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < std::size(kIndexed); ++i)
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{7}, std::int64_t{-1}, std::int64_t{-8},
                                     std::int64_t{8}, std::int64_t{-9}, std::int64_t{100}, std::int64_t{1} << 40}) {
      const Tensors inputs = indices(kIndexed[i], value);
      const auto got = aoti.run(inputs);
      const auto expected = script.run(inputs);
      const std::string which = std::string(kIndexed[i]) + " " + std::to_string(value);
      ASSERT_EQ(got.ok(), expected.ok()) << which;
      if (!got) {
        EXPECT_THAT(got, HasCode(ErrorCode::kModelError)) << which;
        ++refused;
        continue;
      }
      for (std::size_t k = 0; k < std::size(kIndexed); ++k)
        EXPECT_THAT(values_of((*got)[k].tensor), Pointwise(FloatNear(1e-4f), values_of((*expected)[k].tensor)))
            << which << ", result of " << kIndexed[k];
    }
  EXPECT_GT(refused, 50u);
  for (std::size_t k = 0; k < std::size(kIndexed); ++k)
    EXPECT_EQ(values_of(aoti.run(indices("none", 0)).value()[k].tensor), values_of(fine[k].tensor));
}

TEST(AotiContainer, ABadIndexAmongOthersFailsNoOtherRequest) {
  const Model model = load_indexed("indexed.pt2", make_runtime(2)).value();
  const auto expected = values_of(model.run(indices("none", 0)).value()[0].tensor);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int run = 0; run < 25; ++run) {
        const auto outputs = model.run(indices(i == 0 ? "embedding" : "none", 1000));
        right += i == 0 ? !outputs.ok() && outputs.error().code() == ErrorCode::kModelError
                        : outputs.ok() && values_of((*outputs)[0].tensor) == expected;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 100);
}

TEST(AotiContainer, SaysWhatFailedInItsErrorAndNothingOnStderr) {
  const Model model = load_indexed("indexed.pt2", make_runtime(1)).value();
  for (const char* name : {"embedding", "embedding_bag", "one_hot", "floor_divide"}) {
    CapturedStderr captured;
    const auto outputs = model.run(indices(name, std::string(name) == "floor_divide" ? 0 : 1000));
    EXPECT_EQ(captured.text(), "") << name;
    EXPECT_THAT(outputs, HasCode(ErrorCode::kModelError)) << name;
    EXPECT_THAT(outputs.error().message(), testing::Not(HasSubstr("frame #"))) << name;
  }
  EXPECT_THAT(model.run(indices("embedding", 1000)), FailsWith(ErrorCode::kModelError, "index out of bounds"));
  EXPECT_THAT(model.run(indices("embedding_bag", 1000)),
              FailsWith(ErrorCode::kModelError, "Index 0 of input takes value 1000"));
  EXPECT_THAT(model.run(indices("floor_divide", 0)), FailsWith(ErrorCode::kModelError, "ZeroDivisionError"));
}

std::unique_ptr<Engine> load_counts() {
  const auto file = ModelFile::open(model_file("counts.pt2")).value();
  return libtorch::engines()[1]->load({{{file, 0}}, row_signature(), Device::cpu(), 2, 0, {}, {}, {}, {}}).value();
}

float count(EngineInstance& instance) {
  return output_of(instance.run(x_of({0, 0}), {}))[0];
}

TEST(AotiContainer, EachInstanceOfAModelWithStateCountsAloneFromWhatWasPacked) {
  const auto engine = load_counts();
  EXPECT_TRUE(engine->info().has_state);
  EXPECT_THAT(engine->info().description, HasSubstr("a copy for each instance"));
  const std::size_t bytes = engine->memory().weights_bytes;
  const auto first = engine->make_instance(1).value();
  EXPECT_EQ(count(*first), 1);
  EXPECT_EQ(count(*first), 2);
  const auto second = engine->make_instance(1).value();
  EXPECT_EQ(engine->memory().weights_bytes, 2 * bytes);
  EXPECT_EQ(count(*second), 1);
  EXPECT_EQ(count(*first), 3);
  engine->make_instance(1).value();  // thrown away, as after a check
  EXPECT_EQ(engine->memory().weights_bytes, 2 * bytes);
  EXPECT_EQ(count(*engine->make_instance(1).value()), 1);
  EXPECT_EQ(count(*second), 2);
}

TEST(AotiContainer, InstancesOfAModelWithStateCountAllCallsWhileOthersRun) {
  const auto engine = load_counts();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const auto instance = engine->make_instance(1).value();
      for (int run = 1; run <= 200; ++run) right += count(*instance) == static_cast<float>(run);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

// SPDX-License-Identifier: Apache-2.0
// Sequences of different lengths in one batch, through the real runtime with an engine of integers: every answer is
// the one that the call has alone, bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <gantry/pipeline.hpp>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using namespace std::chrono_literals;
using test::FailsWith;
using test::FakeScript;
using test::HasCode;
using test::IsOk;
using test::make_runtime;

constexpr std::int64_t kPoison = 666;  // an id that the engine fails on

Signature sequence_signature() {
  return Signature::parse("ids:i64[batch,T]; mask:i64[batch,T]", "hidden:i64[batch,T,2]; pooled:i64[batch,3]").value();
}

/// A little attention: every position sees all that the mask shows. Ids that it hides change nothing.
Result<Tensors> attend(const Tensors& inputs) {
  const auto ids = inputs[0].tensor.values<std::int64_t>().value();
  const auto mask = inputs[1].tensor.values<std::int64_t>().value();
  const std::int64_t rows = inputs[0].tensor.shape()[0];
  const std::int64_t length = inputs[0].tensor.shape()[1];
  Tensor hidden = Tensor::make(DType::kI64, {rows, length, 2}).value();
  Tensor pooled = Tensor::make(DType::kI64, {rows, 3}).value();
  auto h = hidden.mutable_values<std::int64_t>().value().data();
  auto p = pooled.mutable_values<std::int64_t>().value().data();
  for (std::int64_t row = 0; row < rows; ++row, p += 3) {
    const std::int64_t* const id = ids.data() + row * length;
    const std::int64_t* const shown = mask.data() + row * length;
    p[0] = p[1] = p[2] = 0;
    for (std::int64_t t = 0; t < length; ++t) {
      if (shown[t] == 0) continue;
      if (id[t] == kPoison) return Error(ErrorCode::kModelError, "poison");
      p[0] += id[t];
      p[1] += id[t] * (t + 1);
      ++p[2];
    }
    for (std::int64_t t = 0; t < length; ++t, h += 2) {
      h[0] = p[1] * (id[t] + 1);
      h[1] = p[0] * t + p[2];
    }
  }
  return Tensors{{"", hidden}, {"", pooled}};
}

std::vector<std::int64_t> integers_of(const Tensor& tensor) {
  const auto values = tensor.values<std::int64_t>().value();
  return {values.begin(), values.end()};
}

/// [length] each, or [rows, length].
Tensors sequence(std::int64_t length, std::mt19937& random, std::int64_t rows = 0) {
  const Shape shape = rows ? Shape{rows, length} : Shape{length};
  Tensor ids = Tensor::make(DType::kI64, shape).value();
  Tensor mask = Tensor::make(DType::kI64, shape).value();
  for (std::int64_t& id : ids.mutable_values<std::int64_t>().value()) id = static_cast<std::int64_t>(random() % 500);
  for (std::int64_t& shown : mask.mutable_values<std::int64_t>().value()) shown = random() % 8 != 0;
  return {{"ids", ids}, {"mask", mask}};
}

/// What the engine says of a sample by itself, unpadded.
Tensors alone(const Tensors& sample) {
  const std::int64_t length = sample[0].tensor.shape()[0];
  const Tensors one = {{"ids", sample[0].tensor.reshape({1, length}).value()},
                       {"mask", sample[1].tensor.reshape({1, length}).value()}};
  return attend(one).value();
}

void expect_alone(const Result<Tensors>& answer, const Tensors& sample) {
  ASSERT_THAT(answer, IsOk());
  const Tensors expected = alone(sample);
  ASSERT_EQ((*answer)[0].tensor.shape(), (Shape{sample[0].tensor.shape()[0], 2}));
  EXPECT_EQ(integers_of((*answer)[0].tensor), integers_of(expected[0].tensor));
  EXPECT_EQ(integers_of((*answer)[1].tensor), integers_of(expected[1].tensor));
}

struct Served {
  explicit Served(Padding padding, ModelOptions options = {}, int workers = 2,
                  std::shared_ptr<const TimeSource> time = nullptr)
      : runtime(make_runtime(workers, Execution::kPooled, 1024, std::move(time))) {
    script->compute = [this](const Tensors& inputs) {
      std::this_thread::sleep_for(200us);  // a batch costs what one call does
      const std::lock_guard lock(mutex);
      lengths.insert(inputs[0].tensor.shape()[1]);
      return attend(inputs);
    };
    options.padding = std::move(padding);
    options.runtime = runtime;
    options.warmup_runs = 0;
    options.merge = Merge::kAssume;
    if (options.instances == 0) options.instances = 1;
    options.name = "fake";
    model = Model::make(std::make_unique<test::FakeEngine>(script), sequence_signature(), options).value();
    pipeline = compile(model->stage<Tensors, Tensors>(), runtime).value();
  }

  std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>();
  std::mutex mutex;
  std::set<std::int64_t> lengths;  // that the engine saw
  Runtime runtime;
  std::optional<Model> model;
  std::optional<Pipeline<Tensors, Tensors>> pipeline;
};

const Padding kPadding{"T", {8, 16}, {{"ids", 9}}};

TEST(PaddedBatching, SequencesOfDifferentLengthsShareBatches) {
  Served served({"T", {400}, {}});
  std::mt19937 random(1);
  std::vector<Tensors> samples;
  std::vector<std::future<Result<Tensors>>> answers;
  for (int i = 0; i < 400; ++i) {
    samples.push_back(sequence(1 + i, random));
    answers.push_back(served.pipeline->submit(samples.back()));
  }
  for (std::size_t i = 0; i < 400; ++i) expect_alone(answers[i].get(), samples[i]);
  EXPECT_LT(served.script->calls(), 200u) << "no two are of one length";
  EXPECT_EQ(served.lengths, (std::set<std::int64_t>{400}));
  EXPECT_GT(served.runtime.stats().models.at(0).paying_batch, 1u);
}

TEST(PaddedBatching, StopsForTheLengthsWhereItDoesNotPay) {
  const auto time = std::make_shared<test::ManualTime>();
  Served served(kPadding, {}, 2, time);
  std::atomic<int> long_batches{0};
  served.script->compute = [&](const Tensors& inputs) {
    const bool is_long = inputs[0].tensor.shape()[1] == 16;
    const std::int64_t rows = inputs[0].tensor.shape()[0];
    if (is_long && rows > 1) ++long_batches;
    time->advance(is_long ? (rows - 1) * 10ms : 200us);
    return attend(inputs);
  };
  std::mt19937 random(2);
  std::vector<std::future<Result<Tensors>>> answers;
  for (int i = 0; i < 600; ++i) answers.push_back(served.pipeline->submit(sequence(i % 2 ? 12 : 4, random)));
  for (auto& answer : answers) ASSERT_THAT(answer.get(), IsOk());
  EXPECT_LT(long_batches, 20) << "two or three of each size were tried";
  EXPECT_LT(served.script->calls(), 500u) << "short ones go together";
}

TEST(PaddedBatching, AFreeInstanceTakesCallsOfAnotherLength) {
  ModelOptions options;
  options.max_delay = 50ms;
  options.instances = 2;
  Served served(kPadding, options);
  std::mt19937 random(2);
  std::vector<std::future<Result<Tensors>>> answers;
  for (int i = 0; i < 600; ++i) answers.push_back(served.pipeline->submit(sequence(i % 2 ? 12 : 4, random)));
  for (auto& answer : answers) ASSERT_THAT(answer.get(), IsOk());  // learns that waiting pays
  const std::size_t before = served.script->gate.arrived();
  served.script->gate.close();
  auto shorter = served.pipeline->submit(sequence(4, random));
  auto longer = served.pipeline->submit(sequence(12, random));
  served.script->gate.wait_for_arrivals(before + 2);
  served.script->gate.open();
  EXPECT_THAT(shorter.get(), IsOk());
  EXPECT_THAT(longer.get(), IsOk());
}

TEST(PaddedBatching, ACallAloneIsPaddedToo) {
  Served served(kPadding);
  std::mt19937 random(1);
  for (const std::int64_t length : {3, 8, 9, 16, 17, 40}) {
    const Tensors sample = sequence(length, random);
    expect_alone(served.pipeline->run(sample), sample);
  }
  EXPECT_EQ(served.lengths, (std::set<std::int64_t>{8, 16, 17, 40})) << "what is longer than all runs as it is";
  const Tensors rows = sequence(5, random, 3);
  const auto raw = served.model->run(rows);
  ASSERT_THAT(raw, IsOk());
  EXPECT_EQ((*raw)[0].tensor.shape(), (Shape{3, 5, 2}));
  EXPECT_EQ(integers_of((*raw)[0].tensor), integers_of(attend(rows).value()[0].tensor));
}

TEST(PaddedBatching, PadsWithTheValueOfTheInput) {
  Served served(kPadding);
  std::mt19937 random(1);
  ASSERT_THAT(served.pipeline->run(sequence(5, random)), IsOk());
  const auto seen = integers_of(served.script->last_input());
  EXPECT_EQ(std::vector<std::int64_t>(seen.begin() + 5, seen.end()), (std::vector<std::int64_t>{9, 9, 9}));
}

/// Random lengths, callers and sizes: each answer is the one that the call has alone.
TEST(PaddedBatching, AnswersDoNotDependOnCompany) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    std::vector<std::int64_t> lengths;
    for (std::int64_t length = 1 + below(6), n = 1 + below(4); n > 0; --n, length += 1 + below(9))
      lengths.push_back(length);
    ModelOptions options;
    options.max_batch = 1 + below(16);
    options.instances = 1 + below(2);
    if (below(3) == 0) options.max_delay = std::chrono::microseconds(below(3000));
    Served served(Padding{"T", lengths, {{"ids", static_cast<double>(below(100))}}}, options, 1 + below(3));
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 3; ++caller)
      callers.emplace_back([&, seed, caller] {
        std::mt19937 own(seed * 10 + static_cast<unsigned>(caller));
        const auto any_length = [&] { return 1 + static_cast<std::int64_t>(own() % 40); };
        for (int round = 0; round < 6; ++round) {
          std::vector<Tensors> samples;
          for (int i = 0; i < 12; ++i) samples.push_back(sequence(any_length(), own));
          std::vector<std::future<Result<Tensors>>> answers;
          for (std::size_t i = 0; i < 6; ++i) answers.push_back(served.pipeline->submit(samples[i]));
          const auto together = served.pipeline->run_batch(Span<const Tensors>(samples.data() + 6, 6));
          for (std::size_t i = 0; i < 6; ++i) expect_alone(answers[i].get(), samples[i]);
          for (std::size_t i = 0; i < 6; ++i) expect_alone(together[i], samples[i + 6]);
          const Tensors rows = sequence(any_length(), own, 1 + static_cast<std::int64_t>(own() % 20));
          const auto raw = served.model->run(rows);
          ASSERT_THAT(raw, IsOk());
          const Tensors expected = attend(rows).value();
          ASSERT_EQ((*raw)[0].tensor.shape(), expected[0].tensor.shape());
          EXPECT_EQ(integers_of((*raw)[0].tensor), integers_of(expected[0].tensor));
          EXPECT_EQ(integers_of((*raw)[1].tensor), integers_of(expected[1].tensor));
        }
      });
    for (std::thread& caller : callers) caller.join();
    for (const std::int64_t size : served.script->batch_sizes()) EXPECT_LE(size, options.max_batch);
    for (const std::int64_t length : served.lengths)
      EXPECT_TRUE(length > lengths.back() || std::count(lengths.begin(), lengths.end(), length)) << length;
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

TEST(PaddedBatching, SamplesOfOneRequestMayDifferInLength) {
  Served served(kPadding);
  std::mt19937 random(3);
  std::vector<Tensors> samples;
  for (std::int64_t i = 0; i < 64; ++i) samples.push_back(sequence(1 + i % 20, random));
  const auto answers = served.pipeline->run_batch(samples);
  for (std::size_t i = 0; i < samples.size(); ++i) expect_alone(answers[i], samples[i]);
}

TEST(PaddedBatching, AFailingCallFailsAlone) {
  Served served(kPadding);
  std::mt19937 random(4);
  std::vector<Tensors> samples;
  std::vector<std::future<Result<Tensors>>> answers;
  for (int i = 0; i < 400; ++i) {
    samples.push_back(sequence(1 + static_cast<std::int64_t>(random() % 16), random));
    if (i % 97 == 50) {
      Tensor ids = samples.back()[0].tensor;
      Tensor mask = samples.back()[1].tensor;
      ids.mutable_values<std::int64_t>().value()[0] = kPoison;
      mask.mutable_values<std::int64_t>().value()[0] = 1;
    }
    answers.push_back(served.pipeline->submit(samples.back()));
  }
  for (std::size_t i = 0; i < 400; ++i) {
    const auto answer = answers[i].get();
    if (i % 97 == 50)
      EXPECT_THAT(answer, FailsWith(ErrorCode::kModelError, "poison"));
    else
      expect_alone(answer, samples[i]);
  }
  EXPECT_GT(served.runtime.stats().models.at(0).retries, 0u) << "none was in a batch";
}

TEST(PaddedBatching, AModelThatGivesAnotherLengthIsSaidTo) {
  Served served(kPadding);
  served.script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    auto outputs = attend(inputs);
    (*outputs)[0].tensor = (*outputs)[0].tensor.slice(1, 0, 5).value().clone().value();
    return outputs;
  };
  std::mt19937 random(5);
  EXPECT_THAT(served.pipeline->run(sequence(5, random)),
              FailsWith(ErrorCode::kModelError, "'T' was padded to 8, got i64[1, 5, 2]"));
}

TEST(PaddedBatching, AnEngineThatWritesToItsInputsIsPaddedAlone) {
  const auto script = std::make_shared<FakeScript>();
  script->mutates_inputs = true;
  script->compute = [](const Tensors& inputs) {
    auto outputs = attend(inputs);
    Tensor ids = inputs[0].tensor;
    for (std::int64_t& id : ids.mutable_values<std::int64_t>().value()) id = -1;
    return outputs;
  };
  ModelOptions options;
  options.padding = kPadding;
  options.runtime = make_runtime(2);
  options.instances = 1;
  const auto model = Model::make(std::make_unique<test::FakeEngine>(script), sequence_signature(), options).value();
  const auto pipeline = compile(model.stage<Tensors, Tensors>(), *options.runtime).value();
  std::mt19937 random(6);
  for (const std::int64_t length : {5, 8, 20}) {
    const Tensors sample = sequence(length, random);
    const auto before = integers_of(sample[0].tensor);
    expect_alone(pipeline.run(sample), sample);
    EXPECT_EQ(integers_of(sample[0].tensor), before);
  }
}

TEST(PaddedBatching, IsSeenInThePlan) {
  Served served(kPadding);
  EXPECT_THAT(served.pipeline->explain(), testing::HasSubstr("pads T to 8, 16, "));
}

TEST(PaddedBatching, RefusesToMakeAModelWhoseSignatureCannotBePadded) {
  const auto script = std::make_shared<FakeScript>();
  ModelOptions options;
  options.runtime = make_runtime(1);
  options.padding = Padding{"S", {}, {}};
  EXPECT_THAT(Model::make(std::make_unique<test::FakeEngine>(script), sequence_signature(), options),
              FailsWith(ErrorCode::kInvalidArgument, "ModelOptions::padding: dim: no input has a dimension 'S'"));
  EXPECT_EQ(script->instances_made(), 0u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

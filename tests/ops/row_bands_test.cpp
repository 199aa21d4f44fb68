// SPDX-License-Identifier: Apache-2.0
// One image in bands of rows, on the threads of the worker that has it: bit for bit what one thread makes of it.
#include "ops/row_bands.hpp"

#include <gtest/gtest.h>
#include <gantry/image.hpp>
#include <gantry/segmentation.hpp>
#include <gantry/tensor_ops.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

Runtime latency_runtime(int threads) {
  RuntimeOptions options;
  options.cpus = threads;
  options.goal = Goal::kLatency;
  return Runtime::create(options).value();
}

class BandsOfATeam : public testing::Test {
 protected:
  std::int64_t below(std::int64_t limit) { return static_cast<std::int64_t>(random_() >> 1) % limit; }

  Image random_image(std::int64_t width, std::int64_t height) {
    Image image = Image::make(width, height, static_cast<Colour>(below(3))).value();
    auto bytes = image.pixels().mutable_values<std::uint8_t>().value();
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return image;
  }

  std::mt19937_64 random_{11};
};

std::vector<float> values_of(const Result<Tensor>& tensor) {
  const auto values = tensor.value().values<float>().value();
  return {values.begin(), values.end()};
}

TEST_F(BandsOfATeam, GiveTheBitsOfOneThread) {
  const Runtime team = latency_runtime(3);
  for (int round = 0; round < 12; ++round) {
    const bool is_opencv = round % 3 == 2;
    const image::Resampling how(is_opencv ? image::Filter::kArea : static_cast<image::Filter>(below(6)),
                                is_opencv ? image::Reference::kOpenCv : image::Reference::kPillow);
    const auto stages = image::resize(1 + below(700), 1 + below(700), how) | image::center_crop(1 + below(800)) |
                        image::flip(static_cast<image::FlipAxis>(below(2))) | image::to_tensor(image::affine(3, 7));
    const Image input = random_image(1201 + below(200), 901);
    const auto together = compile(stages, team).value().run(input);
    const auto alone = compile(stages, test::calling_thread()).value().run(input);
    ASSERT_EQ(values_of(together), values_of(alone)) << compile(stages, team).value().explain();
  }
}

TEST_F(BandsOfATeam, GiveTheBitsOfOneThreadInWarps) {
  const Runtime team = latency_runtime(3);
  for (int round = 0; round < 6; ++round) {
    image::Affine turned;
    turned.angle = static_cast<double>(below(360));
    turned.scale = 0.5 + static_cast<double>(below(10)) / 7;
    turned.how.filter = round % 2 == 0 ? image::Filter::kBilinear : image::Filter::kNearest;
    const image::Perspective tilted{{{{0, 0}, {399, 0}, {399, 399}, {0, 399}}},
                                    {{{10, 3}, {380, 20}, {399, 399}, {0, 370}}},
                                    {image::Filter::kBilinear, std::uint8_t{9}}};
    const auto stages = image::affine(turned) | image::perspective(tilted);
    const Image input = random_image(400 + below(99), 401);
    const auto together = compile(stages, team).value().run(input);
    const auto alone = compile(stages, test::calling_thread()).value().run(input);
    ASSERT_EQ(test::bytes_of(together.value()), test::bytes_of(alone.value()));
  }
}

Tensor random_planes(std::mt19937_64& random, const Shape& shape) {
  Tensor tensor = Tensor::make(DType::kF32, shape).value();
  auto values = tensor.mutable_values<float>().value();
  for (float& value : values) value = std::uniform_real_distribution<float>(-3, 3)(random);
  return tensor;
}

TEST_F(BandsOfATeam, GiveTheBitsOfOneThreadInInterpolations) {
  const Runtime team = latency_runtime(3);
  for (int round = 0; round < 8; ++round) {
    Interpolate options;
    options.width = 900 + below(200);
    options.height = 700 + below(200);
    options.mode = static_cast<Interpolation>(round % 4);
    options.antialias = round >= 4 && round % 4 > 1;
    const auto stages = interpolate(options);
    const Tensor input = random_planes(random_, {1 + round % 3, 1 + below(1500), 1 + below(1500)});
    const auto together = compile(stages, team).value().run(input);
    const auto alone = compile(stages, test::calling_thread()).value().run(input);
    ASSERT_EQ(values_of(together), values_of(alone));
  }
}

TEST_F(BandsOfATeam, GiveTheBitsOfOneThreadInSegmentations) {
  const Runtime team = latency_runtime(3);
  for (int round = 0; round < 4; ++round) {
    const auto stages = segment({401 + below(99), 499});
    const Tensor logits = random_planes(random_, {7, 40 + below(9), 50});
    const Tensor together = compile(stages, team).value().run(logits).value();
    const Tensor alone = compile(stages, test::calling_thread()).value().run(logits).value();
    const auto a = together.values<std::int32_t>().value(), b = alone.values<std::int32_t>().value();
    ASSERT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
}

Tensor random_labels(std::mt19937_64& random, std::int64_t height, std::int64_t width) {
  Tensor labels = Tensor::make(DType::kI32, {height, width}).value();
  for (std::int32_t& label : labels.mutable_values<std::int32_t>().value())
    label = static_cast<std::int32_t>(random() % 90) - 1;
  return labels;
}

TEST_F(BandsOfATeam, GiveTheBitsOfOneThreadInImagesOfLabels) {
  const Runtime team = latency_runtime(3);
  const std::int64_t width = 700 + below(99), height = 799;
  const Tensor labels = random_labels(random_, height, width);
  for (const auto& stages : {label_image(LabelColours::kPalette, 3), label_image(LabelColours::kPalette)})
    EXPECT_EQ(test::bytes_of(compile(stages, team).value().run(labels).value()),
              test::bytes_of(compile(stages, test::calling_thread()).value().run(labels).value()));
  const auto blended = overlay({0.3, 2});
  const std::tuple<Image, Tensor> both(random_image(width, height), labels);
  EXPECT_EQ(test::bytes_of(compile(blended, team).value().run(both).value()),
            test::bytes_of(compile(blended, test::calling_thread()).value().run(both).value()));
}

/// Whichever band comes upon one first.
TEST_F(BandsOfATeam, NameTheFirstLabelThatIsNoGrayValue) {
  Tensor labels = Tensor::zeros(DType::kI32, {1400, 1500}).value();
  auto values = labels.mutable_values<std::int32_t>().value();
  for (std::size_t row = 200; row < 1400; ++row)
    values[row * 1500 + 1400 - row] = static_cast<std::int32_t>(1000 + row);
  for (const Runtime& runtime : {latency_runtime(3), test::calling_thread()})
    EXPECT_THAT(compile(label_image(), runtime).value().run(labels),
                test::FailsWith(ErrorCode::kInvalidArgument, "label 1200 at x=1200, y=200 is no gray value"));
}

TEST(RowBands, CoverAllRowsOnceOnSeveralThreads) {
  const Runtime team = latency_runtime(2);
  const auto counted = stage("bands", [](int rows, const CallContext& call) -> Result<int> {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(rows));
    std::atomic<int> bands{0};
    const auto body = [&](std::int64_t begin, std::int64_t end) {
      ++bands;
      for (auto row = begin; row < end; ++row) ++seen[static_cast<std::size_t>(row)];
    };
    if (auto done = detail::for_row_bands(call, rows, 5'000'000, body); !done) return std::move(done).error();
    for (const auto& times : seen)
      if (times != 1) return Error(ErrorCode::kInternal, "a row was left out or done twice");
    return bands.load();
  });
  const auto pipeline = compile(counted, team).value();
  EXPECT_EQ(*pipeline.run(1), 1);
  EXPECT_EQ(*pipeline.run(3), 3);
  EXPECT_EQ(*pipeline.run(1000), 8);
  EXPECT_EQ(*compile(counted, test::calling_thread()).value().run(1000), 1);
}

TEST(RowBands, EndWhereTheCallIsCancelled) {
  const CancelToken token = CancelToken::create();
  const auto cancelled = stage("bands", [token](int rows, const CallContext& call) -> Result<int> {
    std::atomic<int> bands{0};
    const auto body = [&](std::int64_t, std::int64_t) {
      CancelToken(token).cancel();
      ++bands;
    };
    auto done = detail::for_row_bands(call, rows, 5'000'000, body);
    if (done) return Error(ErrorCode::kInternal, "nobody noticed");
    return bands < 8 ? Result<int>(std::move(done).error()) : Error(ErrorCode::kInternal, "all bands were done");
  });
  RunOptions options;
  options.cancel = token;
  EXPECT_THAT(compile(cancelled, latency_runtime(2)).value().run(1000, options),
              test::FailsWith(ErrorCode::kCancelled, ""));
}

/// How many bands a loop of this much work has on one thread, until the call ends in the first one if it does.
Result<int> bands_on_one_thread(int rows, std::int64_t work, bool ends) {
  const CancelToken token = CancelToken::create();
  std::atomic<int> bands{0};
  const auto counted = stage("bands", [&](int count, const CallContext& call) -> Result<int> {
    const auto body = [&](std::int64_t, std::int64_t) {
      if (ends) CancelToken(token).cancel();
      ++bands;
    };
    if (auto done = detail::for_row_bands(call, count, work, body); !done) return std::move(done).error();
    return bands.load();
  });
  RunOptions options;
  options.cancel = token;
  auto result = compile(counted, test::calling_thread()).value().run(rows, options);
  if (ends && bands != 1) return Error(ErrorCode::kInternal, std::to_string(bands) + " bands were done");
  return result;
}

TEST(RowBands, OfOneThreadLookAtTheCallEveryFewMilliseconds) {
  EXPECT_THAT(bands_on_one_thread(1000, 40'000'000, true), test::FailsWith(ErrorCode::kCancelled, ""));
  EXPECT_EQ(*bands_on_one_thread(1000, 40'000'000, false), 10);
  EXPECT_EQ(*bands_on_one_thread(1000, 4'000'000, false), 1);
  EXPECT_EQ(*bands_on_one_thread(3, 40'000'000, false), 3);
  EXPECT_EQ(*bands_on_one_thread(1, 40'000'000, false), 1);
}

/// Not only at each thread's fourth band.
TEST(RowBands, OfSeveralThreadsLookAtTheCallAsOften) {
  const auto counted = stage("bands", [](int rows, const CallContext& call) -> Result<int> {
    std::atomic<int> bands{0};
    const auto body = [&](std::int64_t, std::int64_t) { ++bands; };
    if (auto done = detail::for_row_bands(call, rows, 80'000'000, body); !done) return std::move(done).error();
    return bands.load();
  });
  EXPECT_EQ(*compile(counted, latency_runtime(2)).value().run(1000), 20);
}

TEST(RowBands, ThrowWhatABodyThrows) {
  const auto thrower = stage("bands", [](int rows, const CallContext& call) -> Result<int> {
    const auto body = [](std::int64_t begin, std::int64_t) {
      if (begin > 0) throw std::runtime_error("row");
    };
    if (auto done = detail::for_row_bands(call, rows, 5'000'000, body); !done) return std::move(done).error();
    return 0;
  });
  EXPECT_THAT(compile(thrower, latency_runtime(2)).value().run(10),
              test::FailsWith(ErrorCode::kInternal, "threw std::runtime_error: row"));
}

TEST_F(BandsOfATeam, GiveTheErrorOfOneThread) {
  const auto stages = image::resize(300, 300) | image::to_tensor(image::torchvision({0, 0, 0}, {1, 1, 1}));
  const Image gray = Image::make(1500, 1000, Colour::kGray).value();
  const auto together = compile(stages, latency_runtime(2)).value().run(gray);
  const auto alone = compile(stages, test::calling_thread()).value().run(gray);
  ASSERT_FALSE(together.ok());
  EXPECT_EQ(together.error().to_string(), alone.error().to_string());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

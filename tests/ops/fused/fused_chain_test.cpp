// SPDX-License-Identifier: Apache-2.0
// Chains that run as one step give what their stages give one after the other.
#include "ops/image/fused/fused_chain.hpp"

#include <gtest/gtest.h>
#include <cstdint>
#include <gantry/image.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ops/jpeg/jpeg_writer.hpp"
#include "ops/png/png_writer.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;

CompileOptions options_that(bool fuse) {
  CompileOptions options(test::calling_thread());
  options.fuse = fuse;
  return options;
}

std::string bytes_of(const Tensor& tensor) {
  return tensor.to_string() + std::string(static_cast<const char*>(tensor.data()), tensor.size_bytes());
}

class RandomChains : public testing::Test {
 protected:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }

  Image image() {
    const auto colour = static_cast<Colour>(below(3));
    Image made = Image::make(1 + below(90), 1 + below(90), colour).value();
    auto bytes = made.pixels().mutable_values<std::uint8_t>().value();
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    if (made.width() < 4 || made.height() < 4) return made;
    return made.crop(1, 2, made.width() - 2, made.height() - 3).value();  // rows with a stride
  }

  image::Resampling resampling() {
    using image::Filter;
    using image::Reference;
    constexpr Filter kOfOpenCv[] = {Filter::kBilinear, Filter::kBicubic,      Filter::kLanczos4,
                                    Filter::kArea,     Filter::kNearestExact, Filter::kNearest};
    constexpr Filter kOfTorch[] = {Filter::kBilinear, Filter::kBicubic, Filter::kNearest, Filter::kNearestExact};
    if (below(3) == 0) return {kOfOpenCv[below(6)], Reference::kOpenCv};
    if (below(3) == 0) return {kOfTorch[below(4)], Reference::kTorchU8, below(2) == 0};
    return static_cast<Filter>(below(6));
  }

  image::Resize boxed_resize() {
    image::Resize options;
    options.width = 1 + below(60);
    options.height = 1 + below(60);
    options.how = static_cast<image::Filter>(below(5));
    const auto left = static_cast<float>(below(40)) / 8, top = static_cast<float>(below(40)) / 8;
    options.box = image::Box{left, top, left + 1 + static_cast<float>(below(80)) / 8, top + 3};
    if (below(3) == 0) options.box.reset();
    options.reducing_gap = below(2) == 0 ? 0 : 1 + static_cast<double>(below(8)) / 4;
    return options;
  }

  Stage<Image, Image> op() {
    switch (below(15)) {
      case 0:
        return image::resize(1 + below(120), 1 + below(120), resampling());
      case 1:
        return image::resize_short(1 + below(60), resampling());
      case 2:
        return image::crop(below(60) - 20, below(60) - 20, 1 + below(60), 1 + below(60));
      case 3:
        return image::center_crop(1 + below(70), 1 + below(70));
      case 4:
        return image::flip(static_cast<image::FlipAxis>(below(2)));
      case 5:
        return image::pad({below(9), below(9), below(9), below(9), static_cast<std::uint8_t>(below(2) * 50)});
      case 6:
        return image::pad({below(3), below(3), below(3), below(3), 0, image::PadMode::kEdge});
      case 7:
        return image::resize_long(1 + below(80), resampling());
      case 8:
        return image::resize(boxed_resize());
      case 9: {
        image::Thumbnail options;
        options.width = 1 + below(60);
        options.height = 1 + below(60);
        return image::thumbnail(options);
      }
      case 10:
        return image::resize_fit({1 + below(80),
                                  1 + below(80),
                                  static_cast<image::FitTo>(below(3)),
                                  image::Rounding::kRound,
                                  below(3),
                                  {image::Filter::kLanczos, image::Reference::kTorchU8}});
      case 11:
        return image::crop_short(0.7, image::Centre::kTruncate);
      case 12: {
        image::PadTo larger;
        larger.multiple = 1 + below(40);
        larger.anchor = static_cast<image::Anchor>(below(2));
        larger.value = {1, 2, 3};
        return image::pad_to(larger);
      }
      case 13:
        return image::center_crop(1 + below(70), image::Centre::kTruncate, {1, 2, static_cast<std::uint8_t>(below(2))});
      default:
        image::Letterbox box;
        box.width = 1 + below(80);
        box.height = 1 + below(80);
        return image::letterbox(box);
    }
  }

  Stage<Image, Image> chain() {
    Stage<Image, Image> all = op();
    for (std::int64_t more = 1 + below(5); more > 0; --more) all = all | op();
    return all;
  }

  std::mt19937_64 random_{11};
};

TEST_F(RandomChains, GiveTheSameImageFusedAndUnfused) {
  for (int round = 0; round < 1500; ++round) {
    const auto stages = chain();
    const Image input = image();
    const auto fused = compile(stages, options_that(true)).value().run(input);
    const auto unfused = compile(stages, options_that(false)).value().run(input);
    ASSERT_EQ(static_cast<bool>(fused), static_cast<bool>(unfused));
    if (!fused) continue;
    ASSERT_EQ(fused->width(), unfused->width());
    ASSERT_EQ(test::bytes_of(*fused), test::bytes_of(*unfused))
        << compile(stages, options_that(true)).value().explain();
  }
}

TEST_F(RandomChains, GiveTheSameTensorFusedAndUnfused) {
  for (int round = 0; round < 500; ++round) {
    image::TensorFormat format;
    format.dtype = below(2) == 0 ? DType::kF32 : DType::kBF16;
    format.layout = static_cast<image::Layout>(below(2));
    format.reverse_channels = below(2) == 1;
    const auto stages = chain() | image::to_tensor(image::affine(3, 7), format);
    const Image input = image();
    const auto fused = compile(stages, options_that(true)).value().run(input);
    const auto unfused = compile(stages, options_that(false)).value().run(input);
    ASSERT_EQ(static_cast<bool>(fused), static_cast<bool>(unfused));
    if (fused) {
      ASSERT_EQ(bytes_of(*fused), bytes_of(*unfused));
    }
  }
}

TEST_F(RandomChains, GiveTheSameTensorOnSeveralThreads) {
  RuntimeOptions options;
  options.workers = 3;
  options.allow_oversubscription = true;
  options.image_threads = 4;  // one more than there are
  const Runtime several = Runtime::create(options).value();
  for (int round = 0; round < 30; ++round) {
    const auto stages = chain() | image::to_tensor(image::affine(3, 7));
    Image input = Image::make(4001, 2011, static_cast<Colour>(below(3))).value();
    auto bytes = input.pixels().mutable_values<std::uint8_t>().value();
    std::uint64_t word = random_();
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>((word = word * 6364136223846793005u + 1) >> 56);
    const auto together = compile(stages, several).value().run(input);
    const auto alone = compile(stages, options_that(true)).value().run(input);
    ASSERT_EQ(static_cast<bool>(together), static_cast<bool>(alone));
    if (together) {
      ASSERT_EQ(bytes_of(*together), bytes_of(*alone)) << compile(stages, several).value().explain();
    }
  }
}

/// Where the tensor lies: what leaves a pipeline may be copied out of a larger block.
auto address() {
  return stage("address", [](const Tensor& tensor) { return reinterpret_cast<std::uintptr_t>(tensor.data()); });
}

TEST(FusedChain, LaysTheSamplesOfABatchIntoOneBlock) {
  const auto pipeline = compile(image::center_crop(3) | image::to_tensor() | address(), test::calling_thread()).value();
  const std::vector<Image> images(9, test::counting_image(5, 5));
  const auto places = pipeline.run_batch(images);
  for (std::size_t i = 1; i < places.size(); ++i) EXPECT_EQ(*places[i], *places[i - 1] + 3 * 3 * sizeof(float));
}

TEST(FusedChain, LaysTheElementsOfEachIntoOneBlock) {
  const auto stages = image::five_crop(3) | each(image::to_tensor() | address());
  const auto places = compile(stages, test::calling_thread()).value().run(test::counting_image(5, 5)).value();
  for (std::size_t i = 1; i < places.size(); ++i) EXPECT_EQ(places[i], places[i - 1] + 3 * 3 * sizeof(float));
}

TEST(FusedChain, LeavesNoHoleInTheBlockForASampleThatFails) {
  image::Resize boxed;
  boxed.width = boxed.height = 2;
  boxed.box = image::Box{0, 0, 2, 2};
  const auto stages = image::resize(boxed) | image::to_tensor() | address();
  const auto pipeline = compile(stages, test::calling_thread()).value();
  const std::vector<Image> images = {test::counting_image(2, 2), test::counting_image(1, 9),  // too narrow for the box
                                     test::counting_image(2, 2)};
  const auto places = pipeline.run_batch(images);
  EXPECT_THAT(places[1], FailsWith(ErrorCode::kInvalidArgument, "stage 'image.resize'"));
  EXPECT_EQ(*places[2], *places[0] + 2 * 2 * sizeof(float));
}

/// Limits are for what is made: of strips that are longer than any image may be, only the crop.
TEST_F(RandomChains, ComputeOnlyTheVisiblePartOfAStrip) {
  std::int64_t beyond = 0;
  for (int round = 0; round < 120; ++round) {
    const std::int64_t length = 200 + below(2000), breadth = 1 + below(3);
    Image input = below(2) == 0 ? Image::make(length, breadth, static_cast<Colour>(below(3))).value()
                                : Image::make(breadth, length, static_cast<Colour>(below(3))).value();
    for (std::uint8_t& byte : input.pixels().mutable_values<std::uint8_t>().value())
      byte = static_cast<std::uint8_t>(random_());
    const std::int64_t side = 20 + below(80);
    auto stages = image::resize_short(side, resampling()) | image::center_crop(1 + below(60), 1 + below(60));
    if (below(2) == 0) stages = stages | image::flip();
    if (below(3) == 0) stages = stages | image::pad({1, 2, 3, 4, 5});
    const auto fused = compile(stages, options_that(true)).value().run(input);
    const auto unfused = compile(stages, options_that(false)).value().run(input);
    ASSERT_THAT(fused, test::IsOk());
    if (!unfused) {
      EXPECT_THAT(unfused, FailsWith(ErrorCode::kResourceExhausted, "makes a side of more than 65535"));
      EXPECT_GT(side * length / breadth, 65535);
      ++beyond;
      continue;
    }
    ASSERT_EQ(test::bytes_of(*fused), test::bytes_of(*unfused));
  }
  EXPECT_GT(beyond, 5);
}

TEST(FusedChain, RefusesAVisibleStripThatIsTooLarge) {
  const Image strip = Image::make(256, 1, Colour::kGray).value();
  const auto refuses = [&](const auto& stages, const std::string& reason) {
    EXPECT_THAT(compile(stages, options_that(true)).value().run(strip),
                FailsWith(ErrorCode::kResourceExhausted, reason));
  };
  const std::string too_long =
      "stage 'image.resize_short': resizing to 65536x256 pixels makes a side of more than 65535";
  refuses(image::resize_short(256) | image::flip(), too_long);
  refuses(image::resize_short(256) | image::to_tensor(), too_long);
  refuses(image::resize_short(256) | image::pad({1, 1, 1, 1, 1}), too_long);
  refuses(image::resize_short(256) | image::resize(10, 10), too_long);
  refuses(image::resize_short(256) | image::five_crop(10), too_long);
  refuses(image::resize_short(256) | image::center_crop(65536 - 1, 1) | image::pad({65535, 65535, 0, 0, 1}),
          "stage 'image.pad': an image of 131070x65536 pixels of 1 bytes exceeds the limit");
}

TEST(FusedChain, RefusesAStripOfMoreThanItCanCount) {
  const Image strip = Image::make(65535, 1, Colour::kGray).value();
  const auto crop = [&](std::int64_t size) {
    return compile(image::resize_short(size) | image::center_crop(3), options_that(true)).value().run(strip);
  };
  EXPECT_THAT(crop(1024), test::IsOk());
  EXPECT_THAT(crop(1025), FailsWith(ErrorCode::kResourceExhausted, "has a side of more than 67108864"));
}

/// A column whose rows become wide before they become few: torch's order, which keeps all of them in flight.
TEST(FusedChain, RefusesRowsInFlightThatTakeMoreThanAnImage) {
  const image::Resampling torch{image::Filter::kBilinear, image::Reference::kTorchU8};
  const Image column = Image::make(1, 65535, Colour::kGray).value();
  EXPECT_THAT(test::run(image::resize(65535, 1, torch), column), FailsWith(ErrorCode::kResourceExhausted, ""));
}

/// Files that end below the rows that are needed, in chains that need the top, the top of a resized image, or nothing.
TEST(FusedChain, RefusesTheFilesThatItsStagesRefuse) {
  test::JpegFile jpeg;
  jpeg.width = 60;
  jpeg.height = 200;
  const std::vector<std::uint8_t> baseline = jpeg.bytes();
  jpeg.is_progressive = true;
  const std::vector<std::uint8_t> progressive = jpeg.bytes();
  const std::string png = test::PngFile{2, 3, 8, 0, "", {"ab", "cd", "ef"}}.text();
  const auto cut = [](const std::vector<std::uint8_t>& file) {
    return Bytes(std::vector<std::uint8_t>(file.begin(), file.end() - 200));
  };
  const std::vector<Stage<Image, Image>> chains = {image::crop(0, 0, 1, 1),
                                                   image::resize_short(40) | image::crop(0, 0, 3, 3),
                                                   image::crop(-10, -10, 5, 5) | image::pad({1, 1, 1, 1, 9})};
  for (const Bytes& file : {cut(baseline), cut(progressive), Bytes(png.substr(0, png.size() - 22))}) {
    for (const auto& chain : chains) {
      std::vector<std::string> errors;
      for (const bool fuse : {true, false}) {
        const auto pipeline = compile(image::decode() | chain | image::to_tensor(), options_that(fuse)).value();
        const auto result = pipeline.run(file);
        ASSERT_THAT(result, FailsWith(ErrorCode::kInvalidArgument, "stage 'image.decode': truncated "));
        errors.push_back(result.error().to_string());
      }
      EXPECT_EQ(errors[0], errors[1]);
    }
  }
}

TEST(FusedChain, NamesTheStageThatFails) {
  const auto stages =
      image::decode() | image::resize_short(8) | image::to_tensor(image::torchvision({0, 0, 0, 0}, {1}));
  const auto pipeline = compile(stages, test::calling_thread()).value();
  EXPECT_THAT(pipeline.run(Bytes(std::string("nonsense"))),
              FailsWith(ErrorCode::kInvalidArgument, "stage 'image.decode': not a JPEG"));
  const Bytes png = test::PngFile{1, 1, 8, 0, "", {"\x07"}}.bytes();
  EXPECT_THAT(pipeline.run(png), FailsWith(ErrorCode::kInvalidArgument, "stage 'image.to_tensor': mean has 4 numbers"));
}

TEST(FusedChain, CountsEachStageAndItsErrors) {
  const auto stages =
      image::decode() | image::resize_short(8) | image::to_tensor(image::torchvision({0, 0, 0, 0}, {1}));
  const auto pipeline = compile(stages, test::calling_thread()).value();
  static_cast<void>(pipeline.run(Bytes(std::string("nonsense"))));
  static_cast<void>(pipeline.run(test::PngFile{1, 1, 8, 0, "", {"\x07"}}.bytes()));
  const auto stats = pipeline.stats();
  ASSERT_EQ(stats.size(), 3u);
  EXPECT_EQ(stats[0].samples, 2u);
  EXPECT_EQ(stats[0].errors, 1u);
  EXPECT_EQ(stats[0].fused_into, "");
  EXPECT_EQ(stats[2].samples, 1u);
  EXPECT_EQ(stats[2].errors, 1u);
  EXPECT_EQ(stats[2].fused_into, "pipeline[0]");
}

TEST(FusedChain, IsExplained) {
  const auto look = stage("look", [](const Image& image) { return image; });
  const auto stages = image::decode() | image::resize_short(8) | look | image::center_crop(4) | image::to_tensor();
  const std::string text = compile(stages, test::calling_thread()).value().explain();
  EXPECT_NE(text.find("= one step, pipeline[0] to pipeline[1]: only the rows and columns needed decoded (JPEG) > moved "
                      "and resampled row by row; it ends here because what stage 'look' does cannot be seen"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("= one step, pipeline[3] to pipeline[4]: moved and resampled row by row > normalised into its "
                      "place in the batch"),
            std::string::npos)
      << text;
  EXPECT_EQ(compile(stages, options_that(false)).value().explain().find("one step"), std::string::npos);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

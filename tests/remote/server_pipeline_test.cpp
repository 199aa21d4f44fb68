// SPDX-License-Identifier: Apache-2.0
// Remote pipelines at gantry-server give what the package gives here.
#include <gantry/gantry.hpp>
#include <gantry/remote.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "remote/running_server.hpp"
#include "remote/server_arguments.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using namespace std::chrono_literals;
using gantry_test::RunningServer;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kPhotos = "efficientnet-lite0";  // the package's name

/// A models directory with the demo's package alone.
class PhotoModels {
 public:
  PhotoModels() {
    std::string pattern = (fs::temp_directory_path() / "gantry-photos-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directory(fs::path(folder_) / kPhotos);
    fs::create_directory_symlink(fs::canonical(photo_package), fs::path(folder_) / kPhotos / "1");
  }
  PhotoModels(const PhotoModels&) = delete;
  ~PhotoModels() { fs::remove_all(folder_); }
  const std::string& path() const { return folder_; }

 private:
  std::string folder_;
};

/// Noise, as a PNG file.
Bytes photo(std::mt19937& random) {
  Tensor noise = Tensor::zeros(DType::kU8, {90, 120, 3}).value();
  auto* const bytes = static_cast<std::uint8_t*>(noise.mutable_data());
  for (std::size_t i = 0; i < noise.size_bytes(); ++i) bytes[i] = static_cast<std::uint8_t>(random());
  return image::encode(Image::from(std::move(noise), Colour::kRgb).value()).value();
}

std::string json_of(const AnyPipeline& pipeline, Result<Payload> payload) {
  return payload ? pipeline.codecs().to_json(*payload).value() : payload.error().to_string();
}

TEST(RemotePipelineServer, GivesWhatThePackageGivesHereBitForBit) {
  const PhotoModels models;
  RunningServer server(server_program, models.path());
  const auto there = remote::connect_pipeline<Bytes, Classes>(server.address(), kPhotos).value();
  const auto here = open<Bytes, Classes>(photo_package).value();
  const AnyPipeline any_there = remote::connect_pipeline(server.unix_address(), kPhotos).value();
  const AnyPipeline any_here = open_any(photo_package).value();
  EXPECT_EQ(any_there.inputs()[0].type, any_here.inputs()[0].type);
  EXPECT_EQ(any_there.outputs()[0].type, any_here.outputs()[0].type);
  std::mt19937 random(5);
  for (int i = 0; i < 5; ++i) {
    const Bytes file = photo(random);
    const Classes expected = here.run(file).value(), got = there.run(file).value();
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t k = 0; k < got.size(); ++k) {
      EXPECT_EQ(got[k].index, expected[k].index);
      EXPECT_EQ(got[k].label, expected[k].label);
      EXPECT_EQ(got[k].score, expected[k].score);
    }
    EXPECT_EQ(json_of(any_there, any_there.run(Payload::from(file))),
              json_of(any_here, any_here.run(Payload::from(file))));
  }
}

TEST(RemotePipelineServer, GivesTheErrorsOfThePipelineThere) {
  const PhotoModels models;
  RunningServer server(server_program, models.path());
  const auto pipeline = remote::connect_pipeline<Bytes, Classes>(server.address(), kPhotos).value();
  EXPECT_THAT(pipeline.run(Bytes("no picture")),
              FailsWith(ErrorCode::kInvalidArgument, "host '" + server.address() + "': "));
  EXPECT_THAT(pipeline.run(Bytes("no picture")), FailsWith(ErrorCode::kInvalidArgument, "stage 'image.decode'"));
  EXPECT_THAT(pipeline.run(Bytes("x"), within(0ms)), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(remote::connect_pipeline(server.address(), "absent"), HasCode(ErrorCode::kNotFound));
  EXPECT_THAT(remote::connect_model(server.address(), kPhotos),
              FailsWith(ErrorCode::kUnsupported, "connect_pipeline() takes"));
  EXPECT_THAT((remote::connect_pipeline<Bytes, Detections>(server.address(), kPhotos)),
              HasCode(ErrorCode::kInvalidArgument));
}

TEST(RemotePipelineServer, TakesTensorsAsWell) {
  RunningServer server(server_program, server_models);
  const auto affine = remote::connect_pipeline<Tensor, Tensor>(server.address(), "affine").value();
  EXPECT_TRUE(is_right(affine.run(row(5)), 5));
  const auto echo = remote::connect_pipeline(server.address(), "echo").value();
  const auto here = open_any(server_models + "/echo/1").value();
  EXPECT_EQ(echo.inputs()[0].type, here.inputs()[0].type);
  ASSERT_EQ(echo.inputs()[0].tensors.size(), here.inputs()[0].tensors.size());
  Tensors sample;
  for (const TensorSpec& spec : echo.inputs()[0].tensors) sample.add(spec.name, Tensor::zeros(spec.dtype, {3}).value());
  EXPECT_EQ(json_of(echo, echo.run(Payload::from(sample))), json_of(here, here.run(Payload::from(sample))));
}

TEST(RemotePipelineServer, OfTwoHostsOneMayBeKilled) {
  const PhotoModels models;
  RunningServer first(server_program, models.path()), second(server_program, models.path());
  const auto pipeline =
      remote::connect_pipeline<Bytes, Classes>(first.address() + "," + second.address(), kPhotos).value();
  std::mt19937 random(6);
  const Bytes file = photo(random);
  const auto expected = pipeline.run(file).value();
  std::vector<std::future<Result<Classes>>> answers;
  for (int i = 0; i < 24; ++i) answers.push_back(pipeline.submit(file));
  EXPECT_TRUE(comes_true([&] { return !second.log().empty(); }));
  second.kill(SIGKILL);
  for (int i = 0; i < 8; ++i) answers.push_back(pipeline.submit(file));
  for (auto& answer : answers) {
    const auto classes = answer.get();
    ASSERT_THAT(classes, IsOk());
    EXPECT_EQ((*classes)[0].index, expected[0].index);
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

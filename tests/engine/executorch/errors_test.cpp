// SPDX-License-Identifier: Apache-2.0
// What the ExecuTorch engine refuses, and how it says so. Nothing of it ends the process or prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "engine/executorch/executorch_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

/// A file of its own with `bytes`, until the test ends.
class WrittenFile {
 public:
  explicit WrittenFile(const std::string& bytes)
      : path_(testing::TempDir() + "executorch-" + std::to_string(::getpid()) + "-" + std::to_string(++count_) +
              ".pte") {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~WrittenFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  static inline int count_ = 0;
  const std::string path_;
};

std::string bytes_of(const std::string& file) {
  const Bytes bytes = read_file(executorch_model(file)).value();
  return std::string(bytes.begin(), bytes.end());
}

Result<std::unique_ptr<Engine>> load_bytes(const std::string& bytes) {
  const WrittenFile file(bytes);
  return load_executorch(executorch_request({{file.path(), 0}}, rows_signature()));
}

Result<std::unique_ptr<Engine>> load_as(const std::string& inputs, const std::string& outputs) {
  return load_executorch(executorch_request("rows_1.pte", Signature::parse(inputs, outputs).value()));
}

TEST(ExecutorchErrors, AFileThatIsNoProgramIsNamedForWhatItIs) {
  EXPECT_THAT(load_bytes(""), FailsWith(ErrorCode::kInvalidArgument, "is no ExecuTorch program: it is empty"));
  EXPECT_THAT(load_bytes("PK\x03\x04" + std::string(200, 'x')), FailsWith(ErrorCode::kInvalidArgument, "a zip file"));
  EXPECT_THAT(load_bytes(std::string(200, 'x')), FailsWith(ErrorCode::kInvalidArgument, "it is something else"));
}

TEST(ExecutorchErrors, AFileOfAnotherVersionIsToBeExportedAgain) {
  std::string bytes = bytes_of("rows_1.pte");
  ASSERT_EQ(bytes.substr(4, 2), "ET");
  bytes.replace(6, 2, "99");
  EXPECT_THAT(load_bytes(bytes), FailsWith(ErrorCode::kFailedPrecondition, "('ET99') that ExecuTorch"));
  EXPECT_THAT(load_bytes(bytes), FailsWith(ErrorCode::kFailedPrecondition, "export the model again"));
}

TEST(ExecutorchErrors, ATruncatedFileIsRefusedWhereverItEnds) {
  const std::string bytes = bytes_of("rows_1.pte");
  // What follows the last constant is padding.
  for (std::size_t size = 0; size + 64 < bytes.size(); size += 37)
    EXPECT_FALSE(load_bytes(bytes.substr(0, size)).ok()) << size << " of " << bytes.size();
}

TEST(ExecutorchErrors, GarbageBehindTheHeaderIsRefused) {
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    std::string bytes = bytes_of("rows_1.pte");
    for (std::size_t at = 64; at < bytes.size(); ++at) bytes[at] = static_cast<char>(random());
    EXPECT_FALSE(load_bytes(bytes).ok()) << i;
  }
}

TEST(ExecutorchErrors, TheSignatureIsComparedWithTheFile) {
  EXPECT_THAT(load_as("x:f32[batch,3]", "y:f32[batch,2]"),
              FailsWith(ErrorCode::kInvalidArgument, "input 'x' is f32[1, 2], the signature says x: f32[batch, 3]"));
  EXPECT_THAT(load_as("x:f64[batch,2]", "y:f32[batch,2]"), FailsWith(ErrorCode::kInvalidArgument, "input 'x' is f32"));
  EXPECT_THAT(load_as("x:f32[batch,2,1]", "y:f32[batch,2]"), FailsWith(ErrorCode::kInvalidArgument, "input 'x' is"));
  EXPECT_THAT(load_as("x:f32[batch,2]", "y:f32[batch,7]"),
              FailsWith(ErrorCode::kInvalidArgument, "output 'y' is f32[1, 2], the signature says y: f32[batch, 7]"));
  EXPECT_THAT(load_as("x:f32[batch,2]", "y:f32[batch,2]; z:f32[batch,2]"),
              FailsWith(ErrorCode::kInvalidArgument, "has 1 outputs, the signature has 2"));
  EXPECT_THAT(load_as("x:f32[batch,2]; w:f32[batch,2]", "y:f32[batch,2]"),
              FailsWith(ErrorCode::kInvalidArgument, "has 1 inputs, the signature has 2"));
}

TEST(ExecutorchErrors, SwappedFilesAreFound) {
  const std::vector<SizedFile> swapped{{executorch_model("rows_4.pte"), 1}, {executorch_model("rows_1.pte"), 4}};
  EXPECT_THAT(load_executorch(executorch_request(swapped, rows_signature())),
              FailsWith(ErrorCode::kInvalidArgument, "computes 4 samples, the package says 1"));
  const std::vector<SizedFile> twice{{executorch_model("rows_1.pte"), 0}, {executorch_model("rows_1_4.pte"), 0}};
  EXPECT_THAT(load_executorch(executorch_request(twice, rows_signature())),
              FailsWith(ErrorCode::kInvalidArgument, "computes the same sizes as method 'forward' of"));
}

TEST(ExecutorchErrors, AProgramWithoutForwardNamesWhatItHas) {
  EXPECT_THAT(load_executorch(executorch_request("rows_as_serve.pte")),
              FailsWith(ErrorCode::kInvalidArgument, "has no method 'forward', only 'serve'"));
}

TEST(ExecutorchErrors, AnOperatorThatIsMissingIsNamed) {
  const auto signature = Signature::parse("x:f32[batch,4]", "y:f32[batch,4]").value();
  EXPECT_THAT(load_executorch(executorch_request("sorted.pte", signature)),
              FailsWith(ErrorCode::kUnsupported, "kernel 'aten::sort.values' not found"));
}

TEST(ExecutorchErrors, SizesThatWereNotExportedAreNamed) {
  const auto engine = load_executorch(executorch_request("rows_1_4.pte")).value();
  const auto instance = engine->make_instance(1).value();
  EXPECT_THAT(instance->run(rows_of(2), EngineCall()),
              FailsWith(ErrorCode::kInvalidArgument,
                        "was not exported for f32[2, 2]; it computes f32[1, 2]; f32[4, 2]; export it for these"));
  EXPECT_THAT(instance->run(rows_of(4), EngineCall()), IsOk());
  const auto free = load_executorch(executorch_request("rows_to_8.pte")).value();
  EXPECT_THAT(free->make_instance(1).value()->run(rows_of(9), EngineCall()),
              FailsWith(ErrorCode::kInvalidArgument, "not exported for f32[9, 2]; it computes up to f32[8, 2]"));
}

TEST(ExecutorchErrors, OptionsAreReadStrictly) {
  LoadRequest request = executorch_request("rows_1.pte");
  request.host_options.set("threads", 4);
  EXPECT_THAT(load_executorch(request), FailsWith(ErrorCode::kInvalidArgument, "unknown option 'threads'"));
  request.host_options = EngineOptions().set("share_packed_weights", "no");
  EXPECT_THAT(load_executorch(request), FailsWith(ErrorCode::kInvalidArgument, "option 'share_packed_weights'"));
}

TEST(ExecutorchErrors, OnlyTheCpuIsComputedOn) {
  LoadRequest request = executorch_request("rows_1.pte");
  request.device = Device::cuda(0);
  EXPECT_THAT(load_executorch(request), FailsWith(ErrorCode::kUnsupported, "computes on the CPU, not on cuda:0"));
}

TEST(ExecutorchErrors, RequirementsAreAVersionAndAnIsa) {
  const auto check = [](const std::string& requirements, Device device = Device::cpu()) {
    return executorch::engines().at(0)->check(JsonView::parse(requirements, "requires").value(), device);
  };
  const std::string version = executorch::version();
  const std::string minor = version.substr(0, version.rfind('.'));
  EXPECT_THAT(check("{}"), IsOk());
  EXPECT_THAT(check(R"({"executorch": ")" + minor + "\"}"), IsOk());
  EXPECT_THAT(check(R"({"executorch": ">=1.5"})"), IsOk());
  EXPECT_THAT(check(R"({"executorch": "0.7"})"),
              FailsWith(ErrorCode::kFailedPrecondition, "requires executorch 0.7, this is " + version));
  EXPECT_THAT(check(R"({"executorch": "new"})"),
              FailsWith(ErrorCode::kInvalidArgument, "requires.executorch: expected \"1.5\" or \">=1.5\""));
  EXPECT_THAT(check(R"({"torch": "2.15"})"), FailsWith(ErrorCode::kInvalidArgument, "requires.torch"));
  EXPECT_THAT(check("{}", Device::cuda(0)), FailsWith(ErrorCode::kUnsupported, "not on cuda:0"));
}

TEST(ExecutorchErrors, AMissingFileIsNotFound) {
  EXPECT_THAT(executorch::load("/nowhere/model.pte", rows_signature()), HasCode(ErrorCode::kNotFound));
}

TEST(ExecutorchErrors, NothingIsPrinted) {
  std::fflush(nullptr);
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  EXPECT_FALSE(load_bytes(std::string(500, 'x')).ok());
  EXPECT_FALSE(load_bytes(bytes_of("rows_1.pte").substr(0, 900)).ok());
  EXPECT_FALSE(load_as("x:f32[batch,3]", "y:f32[batch,2]").ok());
  LoadRequest request = executorch_request("convolutions.pte", convolutions_signature());
  request.instances = 2;
  EXPECT_TRUE(load_executorch(request).value()->make_instance(1).value()->run(picture(), EngineCall()).ok());
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

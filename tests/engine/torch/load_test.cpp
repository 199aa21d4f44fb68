// SPDX-License-Identifier: Apache-2.0
// libtorch::load on files that are no models, and on devices that are not there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/torch/engine_fixtures.hpp"
#include "engine/torch/engine_loaders.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::HasSubstr;

/// A file with these bytes, for one test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) : path_(testing::TempDir() + "gantry-load-test.ts") {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string contents(const std::string& path) {
  const Bytes bytes = read_file(path).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<Model> load(const std::string& path) {
  return libtorch::load(path, row_signature(), on(make_runtime(1)));
}

TEST(Load, RefusesWhatIsNoModel) {
  EXPECT_THAT(load(model_file("no-such-file.ts")), FailsWith(ErrorCode::kNotFound, "no-such-file.ts"));
  EXPECT_THAT(load(GANTRY_ENGINE_MODELS), FailsWith(ErrorCode::kInvalidArgument, "not a regular file"));
  EXPECT_THAT(load(TemporaryFile("").path()), FailsWith(ErrorCode::kInvalidArgument, "not a zip file"));
  EXPECT_THAT(load(TemporaryFile(std::string(5000, 'g')).path()),
              FailsWith(ErrorCode::kInvalidArgument, "not a zip file"));
  EXPECT_THAT(load(model_file("checkpoint.pt")), FailsWith(ErrorCode::kInvalidArgument, "checkpoint"));
  EXPECT_THAT(load(model_file("exported.pt2")), FailsWith(ErrorCode::kInvalidArgument, "not compiled"));
}

TEST(Load, RefusesATruncatedFile) {
  const std::string whole = contents(model_file("matmul.ts"));
  for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{100}, std::size_t{4}})
    EXPECT_THAT(load(TemporaryFile(whole.substr(0, size)).path()), HasCode(ErrorCode::kInvalidArgument)) << size;
}

/// The zip directory is whole, what it points at is not.
TEST(Load, RefusesAFileWithDamagedCode) {
  std::string bytes = contents(model_file("identity.ts"));
  const std::size_t code = bytes.find("data.pkl") + 8;
  for (std::size_t i = code; i < code + 60; ++i) bytes[i] = '\x7f';
  EXPECT_THAT(load(TemporaryFile(bytes).path()), HasCode(ErrorCode::kInvalidArgument));
}

TEST(Load, TellsFormatsApartByContent) {
  const TemporaryFile script(contents(model_file("identity.ts")));
  EXPECT_EQ(libtorch::detect_format(ModelFile::open(script.path()).value()).value(), libtorch::Format::kTorchScript);
  const TemporaryFile package(contents(model_file("same.pt2")));  // .ts by name
  EXPECT_EQ(libtorch::detect_format(ModelFile::open(package.path()).value()).value(), libtorch::Format::kAotiPackage);
}

TEST(Load, AnEngineRefusesTheFilesOfTheOther) {
  const auto engines = libtorch::engines();
  EXPECT_EQ(engines[0]->kind(), "torchscript");
  EXPECT_EQ(engines[1]->kind(), "aoti");
  EXPECT_EQ(engines[0]->version(), libtorch::version());
  const auto request = [](const char* name) { return request_for(name, row_signature()); };
  EXPECT_THAT(engines[0]->load(request("same.pt2")),
              FailsWith(ErrorCode::kInvalidArgument, "is an AOTInductor package"));
  EXPECT_THAT(engines[1]->load(request("identity.ts")), HasCode(ErrorCode::kInvalidArgument));
}

TEST(Load, NamesAModelAsItIsTold) {
  ModelOptions options = on(make_runtime(1));
  EXPECT_EQ(load_rows("throws.ts", options).value().name(), "throws.ts");
  options.name = "cats";
  const Model model = load_rows("throws.ts", options).value();
  EXPECT_THAT(model.run(x_of({500, 1})).error().to_string(), HasSubstr("model 'cats'"));
}

TEST(Load, RefusesOptionsOutOfRange) {
  ModelOptions options = on(make_runtime(1));
  options.max_batch = -1;
  EXPECT_THAT(load_rows("identity.ts", options), FailsWith(ErrorCode::kInvalidArgument, "max_batch"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

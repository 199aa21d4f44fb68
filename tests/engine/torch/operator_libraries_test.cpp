// SPDX-License-Identifier: Apache-2.0
// Models that need operators which LibTorch does not have. In this order: what is loaded stays.
#include "engine/torch/operator_libraries.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// A folder for one test.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(testing::TempDir() + "gantry-operators-test") { fs::create_directories(path_); }
  ~TemporaryFolder() { fs::remove_all(path_); }
  /// A copy of a file in it, with `more` behind its end.
  std::string copy(const std::string& file, const std::string& name, const std::string& more = "") const {
    const std::string target = path_ + "/" + name;
    fs::copy_file(file, target, fs::copy_options::overwrite_existing);
    std::ofstream(target, std::ios::app | std::ios::binary) << more;
    return target;
  }

 private:
  std::string path_;
};

libtorch::Options with_library(const std::string& path) {
  libtorch::Options options;
  options.libraries = {path};
  return options;
}

/// `packaged`: a library that lies in the model's package.
Result<std::vector<float>> triple(const libtorch::Options& options, const std::optional<ModelFile>& packaged = {}) {
  LoadRequest request = request_for("triples.ts", row_signature(), options);
  if (packaged) {
    request.package_options.set("libraries", OptionValue::List{packaged->name()});
    request.open_file = [&](const std::string&) { return Result<ModelFile>(*packaged); };
  }
  auto engine = libtorch::load_torchscript(request);
  if (!engine) return std::move(engine).error();
  return output_of((*engine)->make_instance(1).value()->run(x_of({1, 2}), {}));
}

TEST(OperatorLibraries, AModelWithoutItsOperatorIsRefusedByName) {
  const auto answer = triple({});
  EXPECT_THAT(answer, FailsWith(ErrorCode::kUnsupported, "'gantry_test::triple'"));
  EXPECT_THAT(answer.error().message(), HasSubstr("libtorch::Options::libraries"));
}

TEST(OperatorLibraries, WhatIsNoLibraryIsRefusedWithTheReason) {
  EXPECT_THAT(triple(with_library("/no/such/library.so")), FailsWith(ErrorCode::kNotFound, "/no/such/library.so"));
  const auto answer = triple(with_library(model_file("identity.ts")));
  EXPECT_THAT(answer, FailsWith(ErrorCode::kFailedPrecondition, "identity.ts"));
  EXPECT_THAT(answer.error().message(), HasSubstr("invalid ELF header"));
  EXPECT_THAT(triple({}, ModelFile::open(model_file("identity.ts")).value()),
              FailsWith(ErrorCode::kFailedPrecondition, "invalid ELF header"));
}

/// From the bytes that are read: the file is gone before it is loaded. A copy elsewhere is not loaded again, which
/// would end the process, and another version is refused.
TEST(OperatorLibraries, AreLoadedOnceFromWhatIsRead) {
  const TemporaryFolder folder;
  const std::string path = folder.copy(GANTRY_TEST_OPERATORS, "libtriple.so");
  const ModelFile file = ModelFile::open(path).value();
  fs::remove(path);
  EXPECT_THAT(triple({}, file).value(), ElementsAre(3, 6));
  EXPECT_THAT(triple({}, file).value(), ElementsAre(3, 6));
  EXPECT_THAT(triple({}).value(), ElementsAre(3, 6));
  EXPECT_THAT(triple(with_library(GANTRY_TEST_OPERATORS)).value(), ElementsAre(3, 6));
  EXPECT_THAT(triple(with_library(folder.copy(GANTRY_TEST_OPERATORS, "libother.so"))).value(), ElementsAre(3, 6));
  EXPECT_THAT(triple(with_library(folder.copy(GANTRY_TEST_OPERATORS, "libtriple.so", "x"))),
              FailsWith(ErrorCode::kFailedPrecondition, "two versions"));
}

/// torchvision's own library, where it is installed; built for CUDA, it needs LibTorch's CUDA half.
TEST(OperatorLibraries, TorchvisionIsOneOfThem) {
  const std::string library = GANTRY_TORCHVISION;
  if (library.empty() || !fs::exists(model_file("nms.ts"))) GTEST_SKIP() << "no torchvision";
  const auto signature = Signature::parse("boxes:f32[n,4]; scores:f32[n]", "kept:i64[k]");
  const auto fixed = Signature::parse("boxes:f32[n,4]; scores:f32[n]", "kept:i64[2]").value();
  EXPECT_THAT(load_engine("nms.ts", fixed), FailsWith(ErrorCode::kUnsupported, "'torchvision::nms'"));
  const auto engine = load_engine("nms.ts", fixed, with_library(library));
  if (!engine) {
    EXPECT_THAT(engine, FailsWith(ErrorCode::kFailedPrecondition, "built for CUDA"));
    return;
  }
  const Tensor boxes =
      Tensor::from<float>(Span<const float>(std::vector<float>{0, 0, 10, 10, 1, 1, 10, 10, 20, 20, 30, 30}), {3, 4})
          .value();
  const Tensor scores = Tensor::from<float>(Span<const float>(std::vector<float>{0.5f, 0.9f, 0.8f}), {3}).value();
  const auto kept = (*engine)->make_instance(1).value()->run({{"boxes", boxes}, {"scores", scores}}, {});
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ((*kept)[0].tensor.values<std::int64_t>().value()[0], 1);
  EXPECT_EQ((*kept)[0].tensor.values<std::int64_t>().value()[1], 2);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

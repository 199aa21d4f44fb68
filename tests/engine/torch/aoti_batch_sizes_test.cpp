// SPDX-License-Identifier: Apache-2.0
// AOTInductor packages of one number of samples each, as gantry-pack makes them of convolutional networks, and weights
// that lie beside their library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/torch/engine_fixtures.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

const char* const kPackage = "padded-cnn-aoti";

Signature cnn_signature() {
  return Signature::parse("image:f32[batch,3,16,16]", "logits:f32[batch,5]").value();
}

Result<std::unique_ptr<Engine>> load_files(const std::vector<std::pair<std::string, int>>& files, int instances = 1) {
  LoadRequest request;
  for (const auto& [path, batch] : files) request.files.push_back({ModelFile::open(path).value(), batch});
  request.signature = cnn_signature();
  request.instances = instances;
  request.max_batch = 8;
  return libtorch::engines()[1]->load(request);
}

std::string file_of(int batch) {
  return package_file(kPackage, "model-" + std::to_string(batch) + ".pt2");
}

/// `count` times the recorded sample.
Tensors samples(std::int64_t count) {
  std::vector<float> values;
  const auto one = values_of(golden(kPackage, "1/input.npy"));
  for (std::int64_t i = 0; i < count; ++i) values.insert(values.end(), one.begin(), one.end());
  return {{"image", Tensor::from<float>(Span<const float>(values), {count, 3, 16, 16}).value()}};
}

std::vector<float> answers(std::int64_t count) {
  std::vector<float> values;
  const auto one = values_of(golden(kPackage, "1/0.npy"));
  for (std::int64_t i = 0; i < count; ++i) values.insert(values.end(), one.begin(), one.end());
  return values;
}

TEST(AotiBatchSizes, EachFileComputesItsNumberOfSamples) {
  const auto engine = load_files({{file_of(1), 1}, {file_of(4), 4}}, 2).value();
  EXPECT_THAT(engine->info().batch_sizes, ElementsAre(1, 4));
  EXPECT_THAT(engine->info().description, HasSubstr("2 runners and weights for each batch size"));
  const auto instance = engine->make_instance(1).value();
  for (const std::int64_t count : {1, 4, 1})
    EXPECT_THAT(output_of(instance->run(samples(count), {})), Pointwise(FloatNear(1e-5f), answers(count)));
  for (const std::int64_t count : {2, 3, 5})
    EXPECT_THAT(instance->run(samples(count), {}),
                FailsWith(ErrorCode::kInvalidArgument, "input 'image': dimension 0 is " + std::to_string(count)));
}

TEST(AotiBatchSizes, AreReadFromTheFileWhereNobodySaysThem) {
  const auto engine = load_files({{file_of(4), 0}}).value();
  EXPECT_THAT(engine->info().batch_sizes, ElementsAre(4));
  EXPECT_THAT(engine->make_instance(1).value()->run(samples(1), {}), HasCode(ErrorCode::kInvalidArgument));
}

TEST(AotiBatchSizes, MustBeThoseThatThePackageSays) {
  EXPECT_THAT(load_files({{file_of(1), 1}, {file_of(4), 8}}),
              FailsWith(ErrorCode::kInvalidArgument, "computes 4 samples, the package says 8"));
  EXPECT_THAT(load_files({{file_of(4), 1}}), FailsWith(ErrorCode::kInvalidArgument, "model-4.pt2"));
}

TEST(AotiBatchSizes, AFileForOneSampleServesAlone) {
  const Model model = libtorch::load(file_of(1), cnn_signature(), on(make_runtime(1))).value();
  EXPECT_THAT(model.info().batch_sizes, ElementsAre(1));
  EXPECT_THAT(output_of(model.run(samples(1))), Pointwise(FloatNear(1e-5f), answers(1)));
}

TEST(AotiBatchSizes, WeightsOfAllFilesAreCounted) {
  const auto one = load_files({{file_of(1), 1}}).value();
  const auto both = load_files({{file_of(1), 1}, {file_of(4), 4}}).value();
  EXPECT_GT(one->memory().weights_bytes, 0u);
  EXPECT_GT(both->memory().weights_bytes, one->memory().weights_bytes);
}

/// Variants of tiny-mlp-aoti whose weights are not what its code reads; made where this torch keeps weights beside the
/// library.
Result<Model> load_variant(const char* file) {
  return libtorch::load(model_file(file), Signature::parse("features:f32[batch,4]", "scores:f32[batch,3]").value(),
                        on(make_runtime(1)));
}

TEST(AotiWeights, BesideTheLibraryMustBeWhatItsCodeReads) {
  if (!std::filesystem::exists(model_file("weights-short.pt2"))) GTEST_SKIP() << "this torch packs them inside";
  EXPECT_THAT(load_variant("weights-short.pt2"), FailsWith(ErrorCode::kInvalidArgument, "weights-short.pt2"));
  EXPECT_THAT(load_variant("weights-short.pt2"), FailsWith(ErrorCode::kInvalidArgument, "bytes, and its code reads"));
  EXPECT_THAT(load_variant("weights-long.pt2"), FailsWith(ErrorCode::kInvalidArgument, "bytes, and its code reads"));
  EXPECT_THAT(load_variant("weights-missing.pt2"), FailsWith(ErrorCode::kInvalidArgument, "is missing in the package"));
}

TEST(AotiWeights, ThatOnlyPythonReadsAreRefused) {
  EXPECT_THAT(load_variant("weights-pickled.pt2"), FailsWith(ErrorCode::kUnsupported, "only Python reads"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

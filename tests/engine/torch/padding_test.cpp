// SPDX-License-Identifier: Apache-2.0
// A transformer encoder whose package pads: sequences of many lengths, in batches, have the answers that Python gave
// them one by one and unpadded.
#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <gantry/gantry.hpp>
#include <random>
#include <vector>

#include "engine/torch/engine_fixtures.hpp"
#include "package/manifest.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::IsOk;
using test::values_of;

const std::string kPackage = "tiny-encoder";

Tensors recorded(const detail::GoldenValue& value) {
  Tensors tensors;
  for (const auto& [name, tensor] : value.tensors)
    tensors.add(name, detail::parse_npy(read_file(test::package_file(kPackage, tensor.file)).value()).value());
  return tensors;
}

void expect_close(const Tensor& got, const Tensor& expected, float tolerance) {
  ASSERT_EQ(got.shape(), expected.shape());
  const auto left = values_of(got);
  const auto right = values_of(expected);
  for (std::size_t i = 0; i < left.size(); ++i) ASSERT_NEAR(left[i], right[i], tolerance * (1 + std::abs(right[i])));
}

TEST(TorchPadding, ATransformerAnswersAsInPythonInWhateverCompany) {
  const auto manifest = detail::parse_manifest(read_file(test::package_file(kPackage, "gantry.json")).value()).value();
  ASSERT_EQ(manifest.models.size(), 1u);
  ASSERT_TRUE(manifest.models[0].padding);
  ASSERT_EQ(manifest.golden.size(), 15u);
  OpenOptions options;
  options.model.runtime = test::make_runtime(2);
  options.model.instances = 1;
  const auto pipeline = open<Tensors, Tensors>(std::string(GANTRY_TEST_PACKAGES) + "/" + kPackage + "/1", options);
  ASSERT_THAT(pipeline, IsOk());
  const ModelStats before = options.model.runtime->stats().models.at(0);
  std::mt19937 random(1);
  std::vector<std::size_t> cases;
  std::vector<std::future<Result<Tensors>>> answers;
  for (int i = 0; i < 600; ++i) {
    cases.push_back(random() % manifest.golden.size());
    answers.push_back(pipeline->submit(recorded(manifest.golden[cases.back()].inputs.at(0))));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto answer = answers[i].get();
    ASSERT_THAT(answer, IsOk());
    const Tensors expected = recorded(manifest.golden[cases[i]].result.value);
    ASSERT_EQ(expected.size(), 2u);
    for (const NamedTensor& output : expected) {
      ASSERT_NE(answer->find(output.name), nullptr);
      expect_close(*answer->find(output.name), output.tensor, 1e-5f);
    }
  }
  const ModelStats after = options.model.runtime->stats().models.at(0);
  EXPECT_LT(after.batches - before.batches, after.samples - before.samples) << "none shared a batch";
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

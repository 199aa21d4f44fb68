// SPDX-License-Identifier: Apache-2.0
// Packages with several models: each served by an engine of its own, and the whole checked once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <gantry/package.hpp>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::Json;
using test::FailsWith;
using test::fake_loader;
using test::FakeScript;
using test::IsOk;
using test::npy;
using test::PackageBuilder;
using test::row;
using test::values_of;
using testing::HasSubstr;
using Floats = std::vector<float>;

OpenOptions quiet() {
  OpenOptions options;
  options.model.runtime = test::make_runtime(1);
  return options;
}

std::shared_ptr<FakeScript> times(float factor) {
  auto script = std::make_shared<FakeScript>();
  script->factor = factor;
  return script;
}

/// x -> 2 x by 'double', then -> 3 x by 'triple', with both boundaries recorded.
struct Cascade : PackageBuilder {
  Cascade() {
    Json net = manifest["models"]["net"];
    net["engines"] = Json::parse(R"([{"kind": "two", "file": "model.fake"}])");
    manifest["models"] = {{"double", net}, {"triple", net}};
    manifest["models"]["triple"]["engines"][0]["kind"] = "three";
    manifest["name"] = "cascade";
    manifest["pipeline"] = Json::parse(R"([{"op": "model", "name": "double"}, {"op": "model", "name": "triple"}])");
    files["golden/0/1.npy"] = npy({6, -18});
    auto& golden = manifest["golden"][0];
    golden["stages"].push_back(golden["stages"][0]);
    golden["stages"][1]["at"] = "pipeline[1]";
    golden["stages"][1]["value"]["npy"] = golden["result"]["value"]["npy"] = "golden/0/1.npy";
  }
  Json& engines(const char* model) { return manifest["models"][model]["engines"]; }
  /// An engine in front of the model's others.
  void add_first(const char* model, const char* kind) {
    Json first = engines(model)[0];
    first["kind"] = kind;
    engines(model).insert(engines(model).begin(), first);
  }
};

EngineList loaders() {
  return {fake_loader(times(2), "two"), fake_loader(times(3), "three"), fake_loader(times(5), "wrong")};
}

/// The loader, which counts how often it loads.
std::shared_ptr<const EngineLoader> counted(const std::shared_ptr<const EngineLoader>& loader, int& loads) {
  return std::make_shared<test::FakeLoader>(loader->kind(), [loader, &loads](const LoadRequest& request) {
    ++loads;
    return loader->load(request);
  });
}

Result<AnyPipeline> opened(PackageBuilder& package, const OpenOptions& options = quiet(),
                           const EngineList& engines = loaders(),
                           const std::optional<detail::EngineChoice>& choice = {}) {
  auto got = detail::open_package(package.write(), nullptr, nullptr, engines, options, choice);
  if (!got) return got.error();
  return AnyPipeline(got->core, got->origin);
}

Floats answer(const AnyPipeline& pipeline, std::vector<float> values) {
  return values_of(pipeline.as<Tensor, Tensor>().value().run(row(std::move(values))).value());
}

TEST(SeveralModels, AreServedEachByItsOwnEngine) {
  Cascade package;
  OpenOptions options = quiet();
  const auto got = opened(package, options);
  ASSERT_THAT(got, IsOk());
  ASSERT_EQ(got->package().models.size(), 2u);
  EXPECT_EQ(got->package().models[0].name, "double");
  EXPECT_EQ(got->package().models[0].engine, "two");
  EXPECT_EQ(got->package().models[1].engine, "three");
  EXPECT_THAT(got->package().models[1].merging, HasSubstr("merges no samples: the package does not say"));
  EXPECT_EQ(got->package().golden_boundaries, 3u);
  EXPECT_EQ(answer(*got, {5, 7}), (Floats{30, 42}));
  const std::string text = got->explain();
  EXPECT_THAT(text, HasSubstr("package: cascade 1\n"));
  EXPECT_THAT(text, HasSubstr("model 'double': engine two\n"));
  EXPECT_THAT(text, HasSubstr("model 'triple': engine three\n"));
  const auto stats = options.model.runtime->stats();
  ASSERT_EQ(stats.models.size(), 2u);
  EXPECT_EQ(stats.models[0].name, "cascade/double");
  EXPECT_EQ(stats.models[1].name, "cascade/triple");
}

TEST(SeveralModels, TheOneAtFaultGoesOnWithItsNextEngine) {
  for (const char* model : {"double", "triple"}) {
    Cascade package;
    package.add_first(model, "wrong");
    const auto got = opened(package);
    ASSERT_THAT(got, IsOk()) << model;
    for (const PackageModel& one : got->package().models) {
      EXPECT_EQ(one.engine, one.name == "double" ? "two" : "three");
      EXPECT_EQ(one.skipped_engines.size(), one.name == model ? 1u : 0u);
    }
    const std::size_t at = std::string(model) == "triple";
    EXPECT_THAT(got->package().models[at].skipped_engines.at(0),
                HasSubstr("wrong: failed_precondition: engine 'wrong' > golden[0] > pipeline[" + std::to_string(at)));
    EXPECT_THAT(got->explain(), HasSubstr("model '" + std::string(model) + "': engine passed over: wrong: "));
  }
}

TEST(SeveralModels, EnginesAreTriedOneAfterTheOtherAndNotInAllCombinations) {
  Cascade package;
  EngineList engines = loaders();
  int loaded = 0;
  for (const char* model : {"double", "triple"})
    for (int i = 0; i < 6; ++i) package.add_first(model, "wrong");
  for (auto& loader : engines) loader = counted(loader, loaded);
  ASSERT_THAT(opened(package, quiet(), engines), IsOk());
  EXPECT_EQ(loaded, 7 + 7);
}

TEST(SeveralModels, ErrorsNameTheModel) {
  Cascade package;
  package.engines("triple")[0]["kind"] = "wrong";
  EXPECT_THAT(opened(package), FailsWith(ErrorCode::kFailedPrecondition,
                                         "model 'triple' > engine 'wrong' > golden[0] > pipeline[1]: element [0]: "
                                         "expected 6, got 10"));
  package.engines("triple")[0]["kind"] = "absent";
  EXPECT_THAT(opened(package), FailsWith(ErrorCode::kUnsupported, "model 'triple': engine 'absent' is not linked"));
  package.add_first("triple", "wrong");
  EXPECT_THAT(opened(package),
              FailsWith(ErrorCode::kUnsupported, "model 'triple': no engine of the package can be used: wrong: "));
}

TEST(SeveralModels, WhatIsWrongBeforeAnyModelIsNoEnginesFault) {
  Cascade package;
  package.add_first("double", "two");
  package.manifest["pipeline"] =
      Json::parse(R"([{"op": "softmax"}, {"op": "model", "name": "double"}, {"op": "model", "name": "triple"}])");
  EngineList engines = loaders();
  int loaded = 0;
  engines[0] = counted(engines[0], loaded);
  const auto got = opened(package, quiet(), engines);
  EXPECT_THAT(got, FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > pipeline[0]: element [0]: expected 2"));
  EXPECT_EQ(got.error().to_string().find("engine"), std::string::npos);
  EXPECT_EQ(loaded, 1);
}

TEST(SeveralModels, EachIsUsed) {
  Cascade package;
  package.manifest["pipeline"] = Json::parse(R"([{"op": "model", "name": "double"}])");
  EXPECT_THAT(opened(package),
              FailsWith(ErrorCode::kInvalidArgument, "gantry.json: models.triple: no op of the pipeline uses it"));
  package.manifest["pipeline"] = Json::parse(R"([{"op": "model"}])");
  EXPECT_THAT(opened(package), FailsWith(ErrorCode::kInvalidArgument, "there are several models: name one of"));
}

TEST(SeveralModels, TheHostSaysHowEachRuns) {
  Cascade package;
  package.add_first("double", "wrong");
  OpenOptions options = quiet();
  options.engines["double"] = "two";
  options.models["triple"].max_batch = 2;
  options.models["triple"].name = "mine";
  options.models["triple"].runtime = options.model.runtime;
  const auto got = opened(package, options);
  ASSERT_THAT(got, IsOk());
  EXPECT_TRUE(got->package().models[0].skipped_engines.empty()) << "the other kind was not asked for";
  EXPECT_EQ(options.model.runtime->stats().models.at(1).name, "mine");
  EXPECT_THAT(got->explain(), HasSubstr("'mine', (x: f32[batch, 2]) -> (y: f32[batch, 2]), max_batch=2"));

  OpenOptions stranger = quiet();
  stranger.models["half"] = {};
  EXPECT_THAT(opened(package, stranger),
              FailsWith(ErrorCode::kNotFound,
                        "OpenOptions::models: the package has no model 'half'; it has 'double', "
                        "'triple'"));
  stranger = quiet();
  stranger.engines["half"] = "two";
  EXPECT_THAT(opened(package, stranger), FailsWith(ErrorCode::kNotFound, "OpenOptions::engines: "));
  stranger = quiet();
  stranger.engines["triple"] = "five";
  EXPECT_THAT(opened(package, stranger),
              FailsWith(ErrorCode::kNotFound, "model 'triple': the package has no engine 'five'; it has 'three'"));
}

TEST(SeveralModels, TheHostsOwnStandsForOneOfThem) {
  Cascade package;
  package.engines("triple")[0]["kind"] = "absent";
  OpenOptions options = quiet();
  const auto script = times(3);
  options.host_models.emplace("triple", test::make_fake_model(script, *options.model.runtime));
  const auto got = opened(package, options);
  ASSERT_THAT(got, IsOk());
  EXPECT_TRUE(got->package().models[1].is_hosts);
  EXPECT_THAT(got->explain(), HasSubstr("model 'triple': engine fake, the host's own"));
  EXPECT_GT(script->calls(), 0u) << "golden cases run on it";

  OpenOptions wrong = quiet();
  wrong.host_models.emplace("triple", test::make_fake_model(times(4), *wrong.model.runtime));
  EXPECT_THAT(opened(package, wrong),
              FailsWith(ErrorCode::kFailedPrecondition, "model 'triple' > golden[0] > pipeline[1]: element [0]"));
  OpenOptions other = quiet();
  other.host_models.emplace("triple",
                            test::make_fake_model(script, *other.model.runtime, 0, 16,
                                                  Signature::parse("z:f32[batch,2]", "y:f32[batch,2]").value()));
  EXPECT_THAT(opened(package, other),
              FailsWith(ErrorCode::kInvalidArgument, "model 'triple': the host's model has the signature (z: "));
  OpenOptions stateful = quiet();
  const auto counting = times(3);
  counting->has_state = true;
  stateful.host_models.emplace("triple", test::make_fake_model(counting, *stateful.model.runtime));
  EXPECT_THAT(opened(package, stateful),
              FailsWith(ErrorCode::kUnsupported, "model 'triple': the host's model keeps state"));
}

TEST(SeveralModels, OfOneThatKeepsStateTheFirstAnswerIsTheFirst) {
  Cascade package;
  const auto counting = times(2);
  counting->has_state = true;
  package.files["golden/0/0.npy"] = npy({3, -5});
  package.files["golden/0/1.npy"] = npy({9, -15});
  const auto got = opened(package, quiet(), {fake_loader(counting, "two"), fake_loader(times(3), "three")});
  ASSERT_THAT(got, IsOk());
  EXPECT_THAT(got->package().models[0].merging, HasSubstr("keeps state"));
  EXPECT_EQ(answer(*got, {1, 1}), (Floats{9, 9}));
  EXPECT_EQ(answer(*got, {1, 1}), (Floats{12, 12}));
}

TEST(SeveralModels, EachIsMergedAsFarAsItsOwnInputsProve) {
  Cascade package;
  package.files["golden/1/input.npy"] = npy({4, 0.5f});
  package.files["golden/1/0.npy"] = npy({8, 1});
  package.files["golden/1/1.npy"] = npy({24, 3});
  auto second = package.manifest["golden"][0];
  second["input"]["npy"] = "golden/1/input.npy";
  second["stages"][0]["value"]["npy"] = "golden/1/0.npy";
  second["stages"][1]["value"]["npy"] = second["result"]["value"]["npy"] = "golden/1/1.npy";
  package.manifest["golden"].push_back(second);
  package.engines("triple")[0]["rows"] = {
      {"independent", true}, {"sizes", {2, 4}}, {"samples", 2}, {"atol", 1e-6}, {"rtol", 1e-6}};
  const auto got = opened(package);
  ASSERT_THAT(got, IsOk());
  EXPECT_THAT(got->package().models[0].merging, HasSubstr("merges no samples"));
  EXPECT_THAT(got->package().models[1].merging, HasSubstr("merges up to 4 samples, proven on 2 of them"));
}

TEST(SeveralModels, TheOneThatIsWrongInBatchesGoesOnWithItsNextEngine) {
  const auto wrong_in_batches = std::make_shared<FakeScript>();
  float factor = 2;
  wrong_in_batches->compute = [&factor](const Tensors& inputs) -> Result<Tensors> {
    Tensor y = inputs[0].tensor.clone().value();
    for (float& value : y.mutable_values<float>().value()) value *= y.shape()[0] > 1 ? 7.0f : factor;
    return Tensors{{"y", y}};
  };
  EngineList engines = loaders();
  engines.push_back(fake_loader(wrong_in_batches, "batches"));
  OpenOptions options = quiet();
  options.model.merge = Merge::kAssume;  // no proof, which would leave the batches out
  for (const char* model : {"double", "triple"}) {
    factor = std::string(model) == "double" ? 2.0f : 3.0f;
    Cascade package;
    package.add_first(model, "batches");
    const auto got = opened(package, options, engines);
    ASSERT_THAT(got, IsOk()) << model;
    for (const PackageModel& one : got->package().models) {
      EXPECT_EQ(one.engine, one.name == "double" ? "two" : "three");
      EXPECT_EQ(one.skipped_engines.size(), one.name == model ? 1u : 0u);
    }
    package.engines(model).erase(1);
    EXPECT_THAT(opened(package, options, engines),
                FailsWith(ErrorCode::kFailedPrecondition,
                          "model '" + std::string(model) + "' > engine 'batches' > golden[0] > item 0 of a batch "));
  }
}

TEST(SeveralModels, OneEngineOfOneModelCanBeChosenByItsPlace) {
  Cascade package;
  package.add_first("triple", "wrong");
  EXPECT_THAT(opened(package, quiet(), loaders(), detail::EngineChoice{"triple", 1}), IsOk());
  EXPECT_THAT(opened(package, quiet(), loaders(), detail::EngineChoice{"triple", 0}),
              FailsWith(ErrorCode::kFailedPrecondition, "model 'triple' > engine 'wrong'"));
}

TEST(PackageWithoutModel, IsAsGoodAsItsPipeline) {
  PackageBuilder package;
  package.manifest.erase("models");
  package.manifest["pipeline"] = Json::parse(R"([{"op": "sigmoid"}])");
  package.files.erase("model.fake");
  package.files["golden/0/input.npy"] = npy({0, 0});
  package.files["golden/0/0.npy"] = npy({0.5f, 0.5f});
  const auto got = opened(package, quiet(), {});
  ASSERT_THAT(got, IsOk());
  EXPECT_TRUE(got->package().models.empty());
  EXPECT_EQ(got->package().golden_cases, 1u);
  package.manifest["pipeline"] = Json::parse(R"([{"op": "model"}])");
  EXPECT_THAT(opened(package, quiet(), {}), FailsWith(ErrorCode::kInvalidArgument, "this config has no model"));
}

/// Two named inputs: the image goes through the model, the offset beside it; both come out as tensors.
struct NamedInputs : PackageBuilder {
  NamedInputs() {
    manifest["inputs"] = Json::parse(R"([{"name": "offset"}, {"name": "image"}])");
    manifest["pipeline"] = Json::parse(R"([
      {"op": "fork", "branches": [[{"op": "select", "name": "image"}, {"op": "model"}],
                                  [{"op": "select", "name": "offset"}]]},
      {"op": "bundle", "names": ["scores", "offset"]}])");
    files = {{"model.fake", "weights"}, {"image.npy", npy({1, -3})}, {"offset.npy", npy({7})}, {"y.npy", npy({2, -6})}};
    manifest["golden"] = Json::parse(R"([{
      "inputs": {"image": {"npy": "image.npy"}, "offset": {"npy": "offset.npy"}},
      "stages": [{"at": "pipeline[0].branches[0][1]", "value": {"list": [{"npy": "y.npy"}]}, "tolerance": "exact"}],
      "result": {"value": {"tensors": {"scores": "y.npy", "offset": "offset.npy"}}, "tolerance": "exact"}}])");
  }
};

TEST(NamedInputs, AreATupleOrTensors) {
  NamedInputs package;
  const auto untyped = opened(package, quiet(), {fake_loader()});
  ASSERT_THAT(untyped, IsOk());
  ASSERT_EQ(untyped->inputs().size(), 2u);
  EXPECT_EQ(untyped->inputs()[0].name, "offset");
  EXPECT_THAT(untyped->explain(), HasSubstr("pipeline 'doubler': named inputs -> Tensors"));
  EXPECT_EQ(untyped->inputs()[1].type.name(), "Tensor");
  std::vector<Payload> inputs;
  inputs.push_back(Payload::from(row({7})));
  inputs.push_back(Payload::from(row({5, 6})));
  auto joined = untyped->join(std::move(inputs));
  ASSERT_THAT(joined, IsOk());
  const auto result = untyped->run(*std::move(joined)).value();
  EXPECT_EQ(values_of(*result.get_if<Tensors>()->find("scores")), (Floats{10, 12}));
  EXPECT_THAT(untyped->join({}), FailsWith(ErrorCode::kInvalidArgument, "has 2 inputs, there are 0 payloads"));
  std::vector<Payload> strangers(2);
  EXPECT_THAT(untyped->join(std::move(strangers)),
              FailsWith(ErrorCode::kInvalidArgument, "input 'offset' is Tensor, the payload is nothing"));
  using Pair = std::tuple<Tensor, Tensor>;
  const auto as_tuple = untyped->as<Pair, Tensors>();
  ASSERT_THAT(as_tuple, IsOk());
  EXPECT_EQ(values_of(*as_tuple->run({row({7}), row({5, 6})}).value().find("scores")), (Floats{10, 12}));
  const auto as_tensors = untyped->as<Tensors, Tensors>();
  ASSERT_THAT(as_tensors, IsOk());
  EXPECT_EQ(values_of(*as_tensors->run({{"image", row({5, 6})}, {"offset", row({7})}}).value().find("scores")),
            (Floats{10, 12}));
  EXPECT_THAT(as_tensors->run({{"image", row({5, 6})}}),
              FailsWith(ErrorCode::kInvalidArgument,
                        "one tensor for each of its inputs 'offset', 'image': 'offset' is missing"));
  EXPECT_THAT((untyped->as<std::tuple<Tensor, Bytes>, Tensors>()),
              FailsWith(ErrorCode::kInvalidArgument, "not tuple<"));
  const auto tuple = open<std::tuple<Tensor, Tensor>, Tensors>(package.write(), {fake_loader()}, quiet());
  ASSERT_THAT(tuple, IsOk());
  EXPECT_EQ(values_of(*tuple->run({row({7}), row({5, 6})}).value().find("scores")), (Floats{10, 12}));
  const auto by_name = open<Tensors, Tensors>(package.write(), {fake_loader()}, quiet());
  ASSERT_THAT(by_name, IsOk());
  EXPECT_EQ(values_of(*by_name->run({{"image", row({5, 6})}, {"offset", row({7})}}).value().find("scores")),
            (Floats{10, 12}));
  EXPECT_THAT(
      (open<Tensor, Tensors>(package.write(), {fake_loader()}, quiet())),
      FailsWith(ErrorCode::kInvalidArgument, "the pipeline has the inputs 'offset', 'image': it takes a tuple"));
}

TEST(NamedInputs, AreComparedWithTheirGoldenCases) {
  NamedInputs package;
  package.files["y.npy"] = npy({2, -7});
  EXPECT_THAT(opened(package, quiet(), {fake_loader()}),
              FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > pipeline[0].branches[0][1]: "));
  package.manifest["golden"][0]["inputs"]["image"] = {{"classes", Json::array()}};
  EXPECT_THAT(opened(package, quiet(), {fake_loader()}),
              FailsWith(ErrorCode::kInvalidArgument, "golden[0] > inputs.image: "));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

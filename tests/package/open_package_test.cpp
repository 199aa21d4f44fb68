// SPDX-License-Identifier: Apache-2.0
// open(): what must hold before a pipeline is handed out. The engine is a fake; tests/engine/torch has the real ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <gantry/classify.hpp>
#include <gantry/isa.hpp>
#include <gantry/package.hpp>

#include "package/package_builder.hpp"
#include "package/signer.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

namespace fs = std::filesystem;
using test::FailsWith;
using test::fake_loader;
using test::FakeScript;
using test::HasCode;
using test::IsOk;
using test::npy;
using test::PackageBuilder;
using test::row;
using test::Signer;
using test::values_of;

OpenOptions quiet() {
  OpenOptions options;
  options.model.runtime = test::make_runtime(1);
  return options;
}

Result<Pipeline<Tensor, Tensor>> open_tensor(const std::string& directory, OpenOptions options = quiet(),
                                             EngineList loaders = {fake_loader()}) {
  return open<Tensor, Tensor>(directory, loaders, options);
}

/// Two golden cases, and rows that are said to be independent.
struct ProvenPackage : PackageBuilder {
  ProvenPackage() {
    files["golden/1/input.npy"] = npy({4, 0.5f});
    files["golden/1/0.npy"] = npy({8, 1});
    auto second = manifest["golden"][0];
    second["input"]["npy"] = "golden/1/input.npy";
    second["stages"][0]["value"]["npy"] = second["result"]["value"]["npy"] = "golden/1/0.npy";
    manifest["golden"].push_back(second);
    rows() = {{"independent", true}, {"sizes", {2, 4}}, {"samples", 2}, {"atol", 1e-6}, {"rtol", 1e-6}};
  }
  detail::Json& rows() { return model()["engines"][0]["rows"]; }
};

TEST(OpenPackage, ServesOnceItsGoldenCasesHold) {
  ProvenPackage package;
  auto script = std::make_shared<FakeScript>();
  const auto opened = open_any(package.write(), {fake_loader(script)}, quiet());
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->package().name, "doubler");
  EXPECT_EQ(opened->package().models.at(0).engine, "fake");
  EXPECT_EQ(opened->package().golden_cases, 2u);
  EXPECT_EQ(opened->package().golden_boundaries, 4u);
  EXPECT_EQ(script->batch_sizes().back(), 4) << "replicated to max_batch";
  const auto typed = opened->as<Tensor, Tensor>();
  ASSERT_THAT(typed, IsOk());
  EXPECT_EQ(values_of(typed->run(row({5, 7})).value()), (std::vector<float>{10, 14}));
  EXPECT_EQ(typed->package().version, "1");
  EXPECT_NE(opened->explain().find("package: doubler 1, engine fake"), std::string::npos);
}

/// x:f32[batch,T] -> y:f32[batch,T], padded to 8 with 1.
void make_sequences(PackageBuilder& package) {
  package.model()["inputs"][0]["shape"][1] = package.model()["outputs"][0]["shape"][1] = "T";
  package.model()["padding"] = {{"dim", "T"}, {"lengths", {8}}, {"values", {{"x", 1}}}};
}

TEST(OpenPackage, PadsAsTheManifestSays) {
  PackageBuilder package;
  make_sequences(package);
  auto script = std::make_shared<FakeScript>();
  const auto pipeline = open_tensor(package.write(), quiet(), {fake_loader(script)});
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_EQ(values_of(pipeline->run(row({5, 7, 9})).value()), (std::vector<float>{10, 14, 18}));
  EXPECT_EQ(values_of(script->last_input()), (std::vector<float>{5, 7, 9, 1, 1, 1, 1, 1}));
}

TEST(OpenPackage, RefusesPaddingThatChangesTheGoldenAnswers) {
  PackageBuilder package;
  make_sequences(package);
  auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {  // twice the input, if that has two elements
    Tensor y = inputs[0].tensor.clone().value();
    for (float& value : y.mutable_values<float>().value()) value *= static_cast<float>(y.shape()[1]);
    return Tensors{{"y", y}};
  };
  const auto opened = open_tensor(package.write(), quiet(), {fake_loader(script)});
  ASSERT_THAT(opened,
              FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > pipeline[0]: element [0]: expected 2, got 8"));
  EXPECT_EQ(opened.error().reason(), ErrorReason::kGoldenMismatch);
  package.model().erase("padding");
  EXPECT_THAT(open_tensor(package.write(), quiet(), {fake_loader(script)}), IsOk());
}

/// The digest of what the fake engine gives for {1, -3}.
detail::Json digest_of(std::vector<float> values) {
  const Bytes bytes(std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  return {{"digest", {{"sha256", detail::sha256_hex(bytes)}, {"dtype", "f32"}, {"shape", {values.size()}}}}};
}

TEST(OpenPackage, ComparesDigestsOfWhatIsExact) {
  PackageBuilder package;
  auto& value = package.manifest["golden"][0]["stages"][0]["value"];
  value = digest_of({2, -6});
  EXPECT_THAT(open_tensor(package.write()), IsOk());
  value = digest_of({2, -7});
  EXPECT_THAT(open_tensor(package.write()),
              FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > pipeline[0]: its bytes have SHA-256 "));
  value = digest_of({2, -6, 0});
  EXPECT_THAT(open_tensor(package.write()), FailsWith(ErrorCode::kFailedPrecondition, "expected f32[3], got f32[2]"));
  value = digest_of({2, -6});
  value["digest"]["dtype"] = "i32";
  EXPECT_THAT(open_tensor(package.write()), FailsWith(ErrorCode::kFailedPrecondition, "expected i32[2], got f32[2]"));
}

TEST(OpenPackage, ComparesASampleOfWhatIsTooLargeToStore) {
  PackageBuilder package;
  auto& value = package.manifest["golden"][0]["result"]["value"];
  package.files["golden/0/sample.npy"] = npy({2});
  value = {{"sample", {{"npy", "golden/0/sample.npy"}, {"step", 3}, {"shape", {2}}}}};
  EXPECT_THAT(open_tensor(package.write()), IsOk());
  value["sample"]["shape"] = {2, 1};
  EXPECT_THAT(open_tensor(package.write()),
              FailsWith(ErrorCode::kFailedPrecondition, "expected f32[2, 1], got f32[2]"));
  value["sample"]["shape"] = {2};
  value["sample"]["step"] = 1;
  EXPECT_THAT(open_tensor(package.write()),
              FailsWith(ErrorCode::kInvalidArgument, "file 'golden/0/sample.npy': expected 2 values, one in 1 of [2]"));
  package.files["golden/0/sample.npy"] = npy({2, -6.5f});
  const auto opened = open_tensor(package.write());
  EXPECT_THAT(opened,
              FailsWith(ErrorCode::kFailedPrecondition, "result: of one value in 1, element [1]: expected -6.5"));
  EXPECT_EQ(opened.error().reason(), ErrorReason::kGoldenMismatch);
}

TEST(OpenPackage, OpensAProjectedVolumeOfKubernetes) {
  PackageBuilder package;
  const std::string directory = package.write();
  fs::create_directory(directory + "/..2024_05_01");
  for (const char* name : {"gantry.json", "model.fake", "golden"}) {
    fs::rename(directory + "/" + name, directory + "/..2024_05_01/" + name);
    fs::create_symlink(std::string("..data/") + name, directory + "/" + name);
  }
  fs::create_directory_symlink("..2024_05_01", directory + "/..data");
  EXPECT_THAT(open_tensor(directory), IsOk());
}

TEST(OpenPackage, TheHostSaysHowTheModelRuns) {
  const auto script = std::make_shared<FakeScript>();
  OpenOptions options = quiet();
  options.model.max_batch = 2;  // the package says 4
  options.model.instances = 3;
  options.model.name = "mine";
  options.model.warmup_runs = 0;
  const auto pipeline = open_tensor(ProvenPackage().write(), options, {fake_loader(script)});
  ASSERT_THAT(pipeline, IsOk());
  const auto sizes = script->batch_sizes();
  EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), 2);
  EXPECT_EQ(script->instances_made(), 2u + 3u) << "one for golden cases, one for the proof";
  EXPECT_EQ(options.model.runtime->stats().models.at(0).name, "mine");
}

TEST(OpenPackage, MergesWhatThePackageAndThisMachineProve) {
  const auto script = std::make_shared<FakeScript>();
  const auto pipeline = open_tensor(ProvenPackage().write(), quiet(), {fake_loader(script)});
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_THAT(pipeline->explain(), testing::HasSubstr("merges up to 4 samples, proven on 2 of them"));
  const std::size_t before = script->calls();
  for (const auto& result : pipeline->run_batch(std::vector<Tensor>(4, row({1, 1})))) EXPECT_THAT(result, IsOk());
  EXPECT_EQ(script->calls(), before + 1);
}

TEST(OpenPackage, SaysWhyItDoesNotMerge) {
  const auto explained = [](PackageBuilder& package, const OpenOptions& options = quiet()) {
    return open_tensor(package.write(), options).value().explain();
  };
  PackageBuilder silent;
  EXPECT_THAT(explained(silent), testing::HasSubstr("the package does not say whether samples depend"));
  ProvenPackage refuted;
  refuted.rows() = {{"independent", false}, {"reason", "batch of 2: a mean over the batch"}};
  EXPECT_THAT(explained(refuted), testing::HasSubstr("says the package: batch of 2: a mean over the batch"));
  ProvenPackage small;
  small.rows()["sizes"] = {2};
  EXPECT_THAT(explained(small), testing::HasSubstr("up to 2 samples"));
  ProvenPackage single;
  single.manifest["golden"].erase(1);
  single.files.erase("golden/1/input.npy");
  single.files.erase("golden/1/0.npy");
  EXPECT_THAT(explained(single), testing::HasSubstr("no two different samples"));
  ProvenPackage package;
  OpenOptions never = quiet();
  never.model.merge = Merge::kNever;
  EXPECT_THAT(explained(package, never), testing::HasSubstr("merge is kNever"));
}

TEST(OpenPackage, ChecksAreNoTraffic) {
  OpenOptions options = quiet();
  options.model.runtime = test::make_runtime(2);
  const auto pipeline = open_tensor(ProvenPackage().write(), options);
  ASSERT_THAT(pipeline, IsOk());
  const RuntimeStats stats = options.model.runtime->stats();
  EXPECT_EQ(stats.requests, 0u);
  EXPECT_EQ(stats.queue_age.count, 0u);
  ASSERT_EQ(stats.models.size(), 1u);
  EXPECT_EQ(stats.models[0].calls + stats.models[0].samples + stats.models[0].batches, 0u);
  EXPECT_EQ(stats.models[0].compute.count + stats.models[0].queue_wait.count + stats.models[0].gather.count, 0u);
  ASSERT_EQ(stats.pipelines.size(), 1u);
  EXPECT_EQ(stats.pipelines[0].requests + stats.pipelines[0].time.count, 0u);
  EXPECT_EQ(stats.pipelines[0].version, pipeline->package().version);
  EXPECT_NE(stats.pipelines[0].version, "");
  EXPECT_EQ(stats.pipelines[0].stages.at(0).samples + stats.pipelines[0].stages.at(0).time.count, 0u);
  ASSERT_THAT(pipeline->run(row({1, 2})), IsOk());
  EXPECT_EQ(options.model.runtime->stats().models[0].calls, 1u);
  EXPECT_EQ(options.model.runtime->stats().pipelines[0].requests, 1u);
  EXPECT_EQ(options.model.runtime->stats().pipelines[0].time.count, 1u);
}

/// The engine counts its runs in each instance and adds the count to the answer.
TEST(OpenPackage, OfAModelWithStateTheFirstAnswerIsThePythonStacksFirst) {
  const auto script = std::make_shared<FakeScript>();
  script->has_state = true;
  ProvenPackage package;
  package.files["golden/0/0.npy"] = npy({3, -5});
  package.files["golden/1/0.npy"] = npy({9, 2});
  OpenOptions options = quiet();
  options.model.runtime = test::make_runtime(3);
  const auto pipeline = open_tensor(package.write(), options, {fake_loader(script)});
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_THAT(pipeline->explain(), testing::HasSubstr("merges no samples: the model keeps state"));
  EXPECT_EQ(options.model.runtime->stats().models.at(0).instances, 1u);
  for (const float count : {1.0f, 2.0f, 3.0f})
    EXPECT_EQ(values_of(pipeline->run(row({1, 1})).value()), (std::vector<float>(2, 2 + count)));
}

TEST(OpenPackage, RefusesAnswersThatDiffer) {
  PackageBuilder package;
  package.files["golden/0/0.npy"] = npy({2, -6.5});
  EXPECT_THAT(
      open_tensor(package.write()),
      FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > pipeline[0]: element [1]: expected -6.5, got -6 (exact)"));
}

TEST(OpenPackage, RefusesAResultThatDiffersAfterEqualStages) {
  PackageBuilder package;
  package.files["golden/0/result.npy"] = npy({2, -7});
  package.manifest["golden"][0]["result"]["value"]["npy"] = "golden/0/result.npy";
  EXPECT_THAT(open_tensor(package.write()),
              FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > result: element [1]: expected -7, got -6"));
}

TEST(OpenPackage, RefusesWhatIsWrongInLargeBatchesOnly) {
  ProvenPackage package;
  const auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    Tensor y = inputs[0].tensor.clone().value();
    for (float& value : y.mutable_values<float>().value()) value *= y.shape()[0] == 4 ? 3.0f : 2.0f;
    return Tensors{{"y", y}};
  };
  OpenOptions options = quiet();
  options.model.warmup_runs = 0;  // nor is the size tried, which would leave it out
  EXPECT_THAT(
      open_tensor(package.write(), options, {fake_loader(script)}),
      FailsWith(ErrorCode::kFailedPrecondition, "item 0 of a batch of 4 > result: element [0]: expected 2, got 3"));
  options.model.warmup_runs = 1;
  EXPECT_THAT(open_tensor(package.write(), options, {fake_loader(script)}), IsOk()) << "it is tried, and never used";
}

TEST(OpenPackage, DoesNotMergeWhatIsWrongInBatchesOnly) {
  ProvenPackage package;
  auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors& inputs) -> Result<Tensors> {
    Tensor out = inputs[0].tensor.clone().value();
    const bool is_batch = out.shape()[0] > 1;
    const auto values = out.mutable_values<float>().value();
    for (float& value : values) value *= is_batch ? 3.0f : 2.0f;
    return Tensors{{"y", out}};
  };
  const auto pipeline = open_tensor(package.write(), quiet(), {fake_loader(script)});
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_THAT(pipeline->explain(),
              testing::HasSubstr("merges no samples: samples depend on each other in a batch of 2: "
                                 "sample 0, output 0: element [0, 0]: expected 2, got 3"));
  for (const auto& result : pipeline->run_batch(std::vector<Tensor>(4, row({1, 1}))))
    EXPECT_EQ(values_of(result.value()), (std::vector<float>{2, 2}));
  OpenOptions options = quiet();
  options.model.merge = Merge::kAssume;
  EXPECT_THAT(
      open_tensor(package.write(), options, {fake_loader(script)}),
      FailsWith(ErrorCode::kFailedPrecondition, "item 0 of a batch of 4 > result: element [0]: expected 2, got 3"));
  options.skip_golden_for_tests = true;
  EXPECT_THAT(open_tensor(package.write(), options, {fake_loader(script)}), IsOk());
}

TEST(OpenPackage, ABoundaryThatNothingPassesIsAMismatch) {
  PackageBuilder package;
  package.manifest["golden"][0]["stages"][0]["at"] = "pipeline[7]";
  EXPECT_THAT(open_tensor(package.write()),
              FailsWith(ErrorCode::kFailedPrecondition, "pipeline[7]: is recorded, but nothing passed there"));
}

TEST(OpenPackage, ComparesInsideCompoundOps) {
  PackageBuilder package;
  package.manifest["pipeline"] = detail::Json::parse(R"([{"op": "each", "do": [{"op": "model"}]}])");
  package.manifest["golden"] = detail::Json::parse(R"([
    {"input": {"list": [{"npy": "a.npy"}, {"npy": "b.npy"}]},
     "stages": [{"at": "pipeline[0].do[0]", "value": {"list": [{"npy": "c.npy"}, {"npy": "d.npy"}]},
                 "tolerance": "exact"}],
     "result": {"value": {"list": [{"npy": "c.npy"}, {"npy": "d.npy"}]}, "tolerance": "exact"}}])");
  package.files = {{"model.fake", "weights"},
                   {"a.npy", npy({1, 2})},
                   {"b.npy", npy({3, 4})},
                   {"c.npy", npy({2, 4})},
                   {"d.npy", npy({6, 8})}};
  using List = std::vector<Tensor>;
  EXPECT_THAT((open<List, List>(package.write(), {fake_loader()}, quiet())), IsOk());
  package.files["d.npy"] = npy({6, 9});
  EXPECT_THAT(
      (open<List, List>(package.write(), {fake_loader()}, quiet())),
      FailsWith(ErrorCode::kFailedPrecondition, "golden[0] > pipeline[0].do[0]: [1]: element [1]: expected 9, got 8"));
}

/// A payload type of a host.
struct Pair {
  float first = 0, second = 0;
};

Registry with_pairs() {
  Codec<Pair> codec;
  codec.name = "pair";
  codec.write_json = [](const Pair& pair, JsonWriter& json) {
    json.begin_list().value(pair.first).value(pair.second).end_list();
  };
  codec.read_json = [](const JsonView& json) -> Result<Pair> {
    const auto numbers = json.numbers();
    if (!numbers) return numbers.error();
    if (numbers->size() != 2) return json.error("expected two numbers");
    return Pair{static_cast<float>((*numbers)[0]), static_cast<float>((*numbers)[1])};
  };
  codec.to_tensors = [](const Pair& pair) -> Result<Tensors> {
    return Tensors{{"pair", row({pair.first, pair.second})}};
  };
  codec.from_tensors = [](Tensors tensors) -> Result<Pair> {
    const auto values = values_of(tensors[0].tensor);
    return Pair{values[0], values[1]};
  };
  Registry registry = Registry::builtin();
  registry.add_codec(codec);
  registry.add<Pair, Tensor>("test.to_row", [](ParamReader&) {
    return stage("test.to_row", [](const Pair& pair) { return row({pair.first, pair.second}); });
  });
  registry.add<Tensor, Pair>("test.to_pair", [](ParamReader&) {
    return stage("test.to_pair", [](const Tensor& x) { return Pair{values_of(x)[0], values_of(x)[1]}; });
  });
  return registry;
}

struct PairPackage : PackageBuilder {
  PairPackage() {
    manifest["pipeline"] = detail::Json::parse(R"([{"op": "test.to_row"}, {"op": "model"}, {"op": "test.to_pair"}])");
    manifest["golden"] = detail::Json::parse(R"([
      {"input": {"pair": [1, -3]},
       "stages": [{"at": "pipeline[0]", "value": {"npy": "golden/0/input.npy"}, "tolerance": "exact"},
                  {"at": "pipeline[2]", "value": {"npy": "golden/0/0.npy"}, "tolerance": "exact"}],
       "result": {"value": {"pair": [2, -6]}, "tolerance": {"atol": 1e-6, "rtol": 0}}}])");
  }
  Result<Pipeline<Pair, Pair>> open() {
    OpenOptions options = quiet();
    options.registry = with_pairs();
    return gantry::open<Pair, Pair>(write(), {fake_loader()}, options);
  }
  detail::Json& result() { return manifest["golden"][0]["result"]["value"]; }
};

TEST(OpenPackage, GoldenValuesOfAHostsTypeAreReadAndComparedByItsCodec) {
  PairPackage package;
  const auto pipeline = package.open();
  ASSERT_THAT(pipeline, IsOk());
  EXPECT_EQ(pipeline->run(Pair{5, 7}).value().second, 14.0f);
  EXPECT_EQ(AnyPipeline(*pipeline).codecs().name_of(PayloadType::of<Pair>()), "pair") << "those it was opened with";
  package.result() = {{"pair", {2, -6.5}}};
  EXPECT_THAT(package.open(), FailsWith(ErrorCode::kFailedPrecondition,
                                        "golden[0] > result: element [1]: expected -6.5, got -6 (atol 1e-06"));
  package.result() = {{"npy", "golden/0/input.npy"}};
  EXPECT_THAT(package.open(), FailsWith(ErrorCode::kFailedPrecondition, "result: element [0]: expected 1, got 2"));
  package.result() = {{"tensors", {{"pair", "golden/0/0.npy"}}}};
  EXPECT_THAT(package.open(), IsOk());
  package.manifest["golden"][0]["input"] = {{"npy", "golden/0/input.npy"}};
  EXPECT_THAT(package.open(), IsOk());
  package.manifest["golden"][0]["result"]["tolerance"] = "exact";
  package.result() = digest_of({2, -6});
  EXPECT_THAT(package.open(), IsOk());
}

TEST(OpenPackage, AGoldenValueThatIsNotThePipelinesTypeIsNamedWithItsPath) {
  PairPackage package;
  const auto fails = [&](detail::Json value, const std::string& text) {
    package.result() = std::move(value);
    EXPECT_THAT(package.open(), FailsWith(ErrorCode::kInvalidArgument, text));
  };
  fails({{"png", "a"}}, "golden[0].result.value: expected ");
  fails({{"pair", {1}}}, "golden[0].result.value.pair: expected two numbers");
  fails({{"pair", {1, "a"}}}, "golden[0].result.value.pair[1]: expected a number, got \"a\"");
  fails({{"list", detail::Json::array()}}, "the golden record has a list, but the pipeline has ");
  package.result() = {{"pair", {2, -6}}};
  package.manifest["golden"][0]["input"] = {{"classes", detail::Json::array()}};
  EXPECT_THAT(package.open(), FailsWith(ErrorCode::kInvalidArgument, "golden[0].input: expected "));
  package.manifest["golden"][0]["input"] = {{"file", "golden/0/input.npy"}};
  EXPECT_THAT(package.open(), IsOk()) << "by its media type";
  package.files["golden/0/input.bin"] = "12";
  package.manifest["golden"][0]["input"] = {{"file", "golden/0/input.bin"}};
  EXPECT_THAT(package.open(), FailsWith(ErrorCode::kUnsupported, "its codec 'pair' has no from_bytes"));
}

TEST(OpenPackage, ChecksTypesOfInAndOut) {
  PackageBuilder package;
  const std::string directory = package.write();
  EXPECT_THAT((open<Bytes, Tensor>(directory, {fake_loader()}, quiet())),
              FailsWith(ErrorCode::kInvalidArgument, "'model' takes Tensor, but the pipeline gives it Bytes"));
  EXPECT_THAT((open<Tensor, Bytes>(directory, {fake_loader()}, quiet())),
              FailsWith(ErrorCode::kInvalidArgument, "gives Tensor, but Bytes is wanted"));
}

/// A level that no file of this machine's can need.
std::string foreign_isa() {
  return isa_levels().at(0) == "aarch64" ? "x86-64" : "aarch64";
}

TEST(OpenPackage, TheFirstUsableEngineServesAndTheOthersAreNamed) {
  PackageBuilder package;
  package.model()["engines"] = detail::Json::parse(R"([
    {"kind": "aoti", "file": "model.fake", "requires": {}},
    {"kind": "openvino", "file": "model.fake"}, {"kind": "fake", "file": "model.fake"}])");
  package.model()["engines"][0]["requires"]["isa"] = foreign_isa();
  const std::string directory = package.write();
  const EngineList loaders = {fake_loader(), fake_loader(std::make_shared<FakeScript>(), "aoti")};
  const auto opened = open_tensor(directory, quiet(), loaders);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->package().models.at(0).engine, "fake");
  ASSERT_EQ(opened->package().models.at(0).skipped_engines.size(), 2u);
  EXPECT_NE(opened->package().models.at(0).skipped_engines[0].find(
                "aoti: failed_precondition: engine 'aoti' requires " + foreign_isa()),
            std::string::npos);
  EXPECT_NE(opened->explain().find("engine passed over: openvino: unsupported"), std::string::npos);

  OpenOptions chosen = quiet();
  chosen.engine = "aoti";
  EXPECT_THAT(open_tensor(directory, chosen, loaders),
              FailsWith(ErrorCode::kFailedPrecondition, "engine 'aoti' requires " + foreign_isa() + ", this CPU has"));
  chosen.engine = "tensorrt";
  EXPECT_THAT(open_tensor(directory, chosen, loaders),
              FailsWith(ErrorCode::kNotFound, "no engine 'tensorrt'; it has 'aoti', 'openvino', 'fake'"));
}

TEST(OpenPackage, AnEngineThatFailsItsGoldenCasesIsPassedOver) {
  PackageBuilder package;
  package.model()["engines"] =
      detail::Json::parse(R"([{"kind": "wrong", "file": "model.fake"}, {"kind": "fake", "file": "model.fake"}])");
  auto wrong = std::make_shared<FakeScript>();
  wrong->factor = 3;
  const auto opened = open_any(package.write(), {fake_loader(wrong, "wrong"), fake_loader()}, quiet());
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(opened->package().models.at(0).engine, "fake");
  EXPECT_NE(opened->package().models.at(0).skipped_engines.at(0).find("expected 2, got 3"), std::string::npos);
}

TEST(OpenPackage, OneOfTwoEnginesOfAKindCanBeChosenByItsPlace) {
  PackageBuilder package;
  package.files["other.fake"] = "other weights";
  package.model()["engines"] =
      detail::Json::parse(R"([{"kind": "fake", "file": "model.fake"}, {"kind": "fake", "file": "other.fake"}])");
  const std::string directory = package.write();
  std::vector<std::string> loaded;
  const auto plain = fake_loader();
  const auto loader = fake_loader([&](const LoadRequest& request) {
    loaded.push_back(request.files.at(0).file.name());
    return plain->load(request);
  });
  for (const std::size_t index : {std::size_t{1}, std::size_t{0}})
    EXPECT_THAT(
        detail::open_package(directory, nullptr, nullptr, {loader}, quiet(), detail::EngineChoice{"net", index}),
        IsOk());
  EXPECT_EQ(loaded, (std::vector<std::string>{"other.fake", "model.fake"}));
  EXPECT_THAT(detail::open_package(directory, nullptr, nullptr, {loader}, quiet(), detail::EngineChoice{"net", 2}),
              FailsWith(ErrorCode::kNotFound, "has no engines[2]"));
}

TEST(OpenPackage, EnginesOfOneKindAreToldApartByTheirFiles) {
  PackageBuilder package;
  package.files["other.fake"] = "other weights";
  package.model()["engines"] =
      detail::Json::parse(R"([{"kind": "fake", "file": "model.fake"}, {"kind": "fake", "file": "other.fake"}])");
  auto wrong = std::make_shared<FakeScript>();
  wrong->factor = 3;
  const auto opened = open_tensor(package.write(), quiet(), {fake_loader(wrong)});
  EXPECT_THAT(opened, FailsWith(ErrorCode::kFailedPrecondition, "fake (model.fake): failed_precondition"));
  EXPECT_THAT(opened, FailsWith(ErrorCode::kFailedPrecondition, "fake (other.fake): failed_precondition"));
}

TEST(OpenPackage, ALabelsFileThatIsNotListedIsTheManifestsMistake) {
  PackageBuilder package;
  package.manifest["pipeline"] =
      detail::Json::parse(R"([{"op": "model"}, {"op": "top_k", "k": 1, "labels": "l.txt"}])");
  EXPECT_THAT((open<Tensor, Classes>(package.write(), {fake_loader()}, quiet())),
              FailsWith(ErrorCode::kInvalidArgument, "pipeline[1].labels: file 'l.txt' is not listed in files"));
}

TEST(OpenPackage, ALoaderThatGivesNoEngineIsAnError) {
  PackageBuilder package;
  const auto loader =
      fake_loader([](const LoadRequest&) -> Result<std::unique_ptr<Engine>> { return std::unique_ptr<Engine>(); });
  EXPECT_THAT(
      open_tensor(package.write(), quiet(), {loader}),
      FailsWith(ErrorCode::kInternal, "engine 'fake' > file 'model.fake': its loader returned no engine (nullptr)"));
}

TEST(OpenPackage, GivesAnEngineWhatThePackageAndTheHostSayAndTheFilesThatOptionsName) {
  PackageBuilder package;
  package.files["table.bin"] = "rows";
  package.model()["engines"][0] = detail::Json::parse(R"({
    "kind": "fake", "files": [{"path": "model.fake", "batch": 1}, {"path": "table.bin", "batch": 8}],
    "precision": "int8", "options": {"table": "table.bin", "depth": 3, "scale": [1, 0.5]}})");
  const auto plain = fake_loader();
  const auto loader = fake_loader([&](const LoadRequest& request) -> Result<std::unique_ptr<Engine>> {
    EXPECT_EQ(request.files.size(), 2u);
    EXPECT_EQ(request.files.at(1).file.name(), "table.bin");
    EXPECT_EQ(request.files.at(0).batch, 1);
    EXPECT_EQ(request.files.at(1).batch, 8);
    EXPECT_EQ(request.instances, 3);
    EXPECT_EQ(request.max_batch, 4);
    EXPECT_EQ(request.file_memory, FileMemory::kMapped);
    EXPECT_EQ(*request.package_options.find("table"), OptionValue("table.bin"));
    EXPECT_EQ(*request.package_options.find("scale"), OptionValue(OptionValue::List{1, 0.5}));
    EXPECT_EQ(request.package_options.find("threads"), nullptr);
    EXPECT_EQ(*request.host_options.find("threads"), OptionValue(2));
    EXPECT_EQ(*request.options().find("depth"), OptionValue(5)) << "the host's goes before the package's";
    EXPECT_EQ(*request.options().find("table"), OptionValue("table.bin"));
    std::string content(4, '\0');
    EXPECT_THAT(request.open_file("table.bin").value().read(0, content.data(), 4), IsOk());
    EXPECT_EQ(content, "rows");
    EXPECT_THAT(request.open_file("golden/0/input.npy"), IsOk());
    EXPECT_THAT(request.open_file("/etc/passwd"), HasCode(ErrorCode::kNotFound));
    return plain->load(request);
  });
  OpenOptions options = quiet();
  options.model.instances = 3;
  options.model.engine_options["fake"].set("threads", 2).set("depth", 5);
  options.model.file_memory = FileMemory::kMapped;
  EXPECT_THAT(open_tensor(package.write(), options, {loader}), IsOk());
}

TEST(OpenPackage, RefusesOptionsForAnEngineThatNobodyKnows) {
  PackageBuilder package;
  OpenOptions options = quiet();
  options.model.engine_options["fakr"].set("threads", 2);
  EXPECT_THAT(open_tensor(package.write(), options),
              FailsWith(ErrorCode::kInvalidArgument, "engine_options are for an engine 'fakr'"));
}

TEST(OpenPackage, SaysWhatToLinkWhenNoEngineIs) {
  PackageBuilder package;
  package.model()["engines"][0]["kind"] = "torchscript";
  EXPECT_THAT(open_tensor(package.write(), quiet(), {}),
              FailsWith(ErrorCode::kUnsupported, "engine 'torchscript' is not linked; link gantry::torch"));
}

TEST(OpenPackage, NeverOpensTheModelOfAnAlteredPackage) {
  PackageBuilder package;
  const std::string directory = package.write();
  test::write_text(directory + "/golden/0/0.npy", npy({2, -5}));
  const auto loader = fake_loader([](const LoadRequest&) -> Result<std::unique_ptr<Engine>> {
    ADD_FAILURE() << "the model file was opened";
    return Error(ErrorCode::kInternal, "opened");
  });
  EXPECT_THAT(open_tensor(directory, quiet(), {loader}),
              FailsWith(ErrorCode::kFailedPrecondition, "package '" + directory + "': file 'golden/0/0.npy'"));
}

TEST(OpenPackage, AnEngineThatThrowsIsAnError) {
  PackageBuilder package;
  const auto loader =
      fake_loader([](const LoadRequest&) -> Result<std::unique_ptr<Engine>> { throw std::bad_alloc(); });
  EXPECT_THAT(open_tensor(package.write(), quiet(), {loader}), HasCode(ErrorCode::kResourceExhausted));
}

TEST(OpenPackage, TrustedKeysDemandASignature) {
  PackageBuilder package;
  const std::string directory = package.write();
  const Signer signer;
  const Signer stranger;
  OpenOptions options = quiet();
  options.trusted_keys = {stranger.public_key(), signer.public_key()};
  EXPECT_THAT(open_tensor(directory, options), FailsWith(ErrorCode::kFailedPrecondition, "the package is not signed"));
  signer.sign(directory);
  EXPECT_THAT(open_tensor(directory, options), IsOk());
  EXPECT_THAT(open_tensor(directory), IsOk()) << "without keys a signature is not looked at";

  options.trusted_keys = {stranger.public_key()};
  EXPECT_THAT(open_tensor(directory, options), FailsWith(ErrorCode::kFailedPrecondition, "signed by somebody else"));
  options.trusted_keys = {signer.public_key()};
  test::write_text(directory + "/gantry.json", package.manifest.dump() + " ");
  EXPECT_THAT(open_tensor(directory, options), FailsWith(ErrorCode::kFailedPrecondition, "the package was altered"));
  test::write_text(directory + "/gantry.json.sig", "short");
  EXPECT_THAT(open_tensor(directory, options), FailsWith(ErrorCode::kFailedPrecondition, "has 5 bytes"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

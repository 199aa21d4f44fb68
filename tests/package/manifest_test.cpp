// SPDX-License-Identifier: Apache-2.0
// gantry.json: what is read, and how every mistake is named.
#include "package/manifest.hpp"

#include <gtest/gtest.h>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::FailsWith;
using test::IsOk;
using test::PackageBuilder;
using testing::EndsWith;

Result<Manifest> parsed(const Json& manifest) {
  return parse_manifest(Bytes(manifest.dump()));
}

Json valid() {
  PackageBuilder package;
  package.list_files();
  return package.manifest;
}

TEST(Manifest, ReadsEveryKey) {
  Json json = valid();
  json["created"] = "2026-01-02T03:04:05Z";
  json["provenance"] = {{"git", "abc"}, {"metrics", {{"top1", 0.75}}}};
  json["accuracy"] = {{"eval", "eval"}, {"metric", "top1"}, {"floor", 0.7}};
  json["latency"] = {{"p99_ms", 12.5}, {"at", "2 CPUs"}};
  json["models"]["net"]["engines"][0]["requires"] = {{"torch", ">=2.6"}, {"isa", "x86-64-v3"}};
  json["models"]["net"]["engines"][0]["device"] = "cpu";
  const auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->title(), "doubler 1");
  EXPECT_EQ(manifest->models[0].max_batch, 4);
  EXPECT_EQ(manifest->models[0].signature.to_string(),
            Signature::parse("x:f32[batch,2]", "y:f32[batch,2]")->to_string());
  EXPECT_EQ(manifest->models[0].engines[0].requirements, json["models"]["net"]["engines"][0]["requires"])
      << "the engine's loader reads it";
  EXPECT_EQ(manifest->models[0].engines[0].file_names(), "model.fake");
  EXPECT_EQ(manifest->models[0].engines[0].files.at(0).batch, 0);
  EXPECT_EQ(manifest->models[0].engines[0].device, "cpu");
  EXPECT_EQ(manifest->pipeline, R"([{"op":"model"}])");
  ASSERT_EQ(manifest->golden.size(), 1u);
  EXPECT_EQ(manifest->golden[0].stages[0].at, "pipeline[0]");
  EXPECT_TRUE(manifest->golden[0].stages[0].tolerance.is_exact);
  EXPECT_EQ(manifest->golden[0].result.tolerance.atol, 1e-6);
  EXPECT_EQ(manifest->files.count("golden/0/input.npy"), 1u);
  EXPECT_EQ(manifest->accuracy->floor, 0.7);
  EXPECT_EQ(manifest->latency_p99_ms, 12.5);
  EXPECT_EQ(manifest->provenance.back(), (std::pair<std::string, std::string>("metrics.top1", "0.75")));
}

TEST(Manifest, ReadsWhatIsKnownOfRows) {
  EXPECT_FALSE(parsed(valid())->models[0].engines[0].rows);
  Json json = valid();
  json["models"]["net"]["engines"][0]["rows"] = {
      {"independent", true}, {"sizes", {2, 16}}, {"samples", 3}, {"atol", 1e-4}, {"rtol", 0}};
  auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  const RowProof& rows = *manifest->models[0].engines[0].rows;
  EXPECT_TRUE(rows.independent);
  EXPECT_EQ(rows.sizes, (std::vector<std::int64_t>{2, 16}));
  EXPECT_EQ(rows.samples, 3);
  EXPECT_FALSE(rows.tolerance.is_exact);
  EXPECT_EQ(rows.tolerance.atol, 1e-4);
  EXPECT_EQ(rows.tolerance.rtol, 0);
  EXPECT_EQ(rows.reason, "");

  json["models"]["net"]["engines"][0]["rows"] = {{"independent", false}, {"reason", "the model keeps state"}};
  manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_FALSE(manifest->models[0].engines[0].rows->independent);
  EXPECT_TRUE(manifest->models[0].engines[0].rows->sizes.empty());
  EXPECT_EQ(manifest->models[0].engines[0].rows->reason, "the model keeps state");
}

TEST(Manifest, ReadsFilesByBatchSizeAndOptionsOfAnyKind) {
  Json json = valid();
  Json& entry = json["models"]["net"]["engines"][0];
  entry.erase("file");
  entry["files"] = {{{"path", "model.fake"}, {"batch", 1}}, {{"path", "golden/0/0.npy"}, {"batch", 8}}};
  entry["precision"] = "int8";
  entry["options"] = {{"arguments", {{"sr", 16000}, {"low", INT64_MIN}}},
                      {"scale", 1.0},
                      {"is_wide", true},
                      {"libraries", {"ops/libmy.so", "torchvision", "c"}}};
  const auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  const EngineEntry& engine = manifest->models[0].engines[0];
  EXPECT_EQ(engine.file_names(), "model.fake, golden/0/0.npy");
  EXPECT_EQ(engine.files.at(1).batch, 8);
  EXPECT_EQ(engine.precision, "int8");
  EXPECT_EQ(*engine.options.find("arguments"),
            OptionValue(OptionValue::Object{{"sr", 16000}, {"low", std::int64_t{INT64_MIN}}}));
  EXPECT_EQ(*engine.options.find("scale"), OptionValue(1.0)) << "1.0 is a number, and no integer";
  EXPECT_EQ(*engine.options.find("is_wide"), OptionValue(true));
  EXPECT_EQ(*engine.options.find("libraries"),
            OptionValue(std::vector<std::string>{"ops/libmy.so", "torchvision", "c"}));
}

/// x:f32[batch,T].
Json sequences() {
  Json json = valid();
  json["models"]["net"]["inputs"][0]["shape"][1] = json["models"]["net"]["outputs"][0]["shape"][1] = "T";
  json["models"]["net"]["padding"] = {{"dim", "T"}, {"lengths", {16, 64}}, {"values", {{"x", -1.5}}}};
  return json;
}

TEST(Manifest, ReadsPadding) {
  EXPECT_FALSE(parsed(valid())->models[0].padding);
  Json json = sequences();
  auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->models[0].padding->dim, "T");
  EXPECT_EQ(manifest->models[0].padding->lengths, (std::vector<std::int64_t>{16, 64}));
  EXPECT_EQ(manifest->models[0].padding->values, (std::map<std::string, double>{{"x", -1.5}}));
  json["models"]["net"]["padding"] = {{"dim", "T"}};
  manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_TRUE(manifest->models[0].padding->lengths.empty());
}

TEST(Manifest, NamesTheKeysOfAGoldenValueThatHasNotOne) {
  const auto refusal = [](const char* input) {
    Json json = valid();
    json["golden"][0]["input"] = Json::parse(input);
    return parsed(json).error().message();
  };
  EXPECT_THAT(refusal("{}"), EndsWith(", got an object without keys"));
  EXPECT_THAT(refusal(R"({"npy": "a.npy", "file": "a"})"), EndsWith(R"(, got an object with the keys "file", "npy")"));
  EXPECT_THAT(refusal(R"({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1})"),
              EndsWith(R"(, got an object with the keys "a", "b", "c", "d" and 2 more)"));
  EXPECT_THAT(refusal(R"({"tensors": {"x": {"digest": 1, "sample": 1}}})"),
              EndsWith(R"(the key digest or sample, got an object with the keys "digest", "sample")"));
}

struct Mistake {
  const char* pointer;  // RFC 6901, into the valid manifest
  std::string value;    // JSON; empty: the key is removed
  const char* message;
};

/// {"digest": {a hash and `fields`} `more`}
std::string digest(const std::string& fields, const std::string& more = "") {
  const std::string hash = R"({"digest": {"sha256": ")" + std::string(64, '0') + "\"";
  return hash + (fields.empty() ? "" : ", ") + fields + "}" + more + "}";
}

const Mistake kMistakes[] = {
    {"/name", "\"Cats\"", "name: must be lower-case"},
    {"/name", "7", "name: expected a string, got 7"},
    {"/name", "", "name: is required"},
    {"/version", "\"../1\"", "version: must be lower-case"},
    {"/extra", "1", "extra: unknown key; expected one of"},
    {"/models", "[]", "models: expected an object, got a list"},
    {"/models/Net", "{}", "models: must be lower-case letters"},
    {"/models/net", "[]", "models.net: expected an object, got a list"},
    {"/models/net/engines", "", "models.net.engines: is required"},
    {"/models/net/size", "1", "models.net.size: unknown key; expected one of"},
    {"/inputs", "{}", "inputs: expected a list, got an object"},
    {"/inputs", "[{\"name\": \"a\"}]", "inputs: names 2..16 inputs of the pipeline, got 1"},
    {"/inputs", "[{\"name\": \"a\"}, {\"name\": \"A\"}]", "inputs[1].name: must be lower-case"},
    {"/inputs", "[{\"name\": \"a\"}, {\"name\": \"a\"}]", "inputs[1].name: 'a' appears twice"},
    {"/inputs", "[{\"name\": \"a\", \"type\": 1}, {}]", "inputs[0].type: unknown key"},
    {"/inputs", "[{\"name\": \"a\"}, {\"name\": \"b\"}]", "golden[0].inputs: is required"},
    {"/models/net/max_batch", "0", "models.net.max_batch: must be 1..65536, got 0"},
    {"/models/net/max_batch", "1.5", "models.net.max_batch: expected an integer, got 1.5"},
    {"/models/net/engines", "[]", "models.net.engines: needs 1..8 engines, got 0"},
    {"/models/net/engines", "{}", "models.net.engines: expected a list, got an object"},
    {"/models/net/engines/0/file", "\"other.ts\"", "models.net.engines[0].file: \"other.ts\" is not listed in files"},
    {"/models/net/engines/0/file", "\"../model.ts\"",
     "models.net.engines[0].file: \"../model.ts\" is not listed in files"},
    {"/models/net/engines/0/device", "\"tpu\"",
     "models.net.engines[0].device: expected one of \"any\", \"cpu\", \"cuda\", got \"tpu\""},
    {"/models/net/engines/0/requires", "[]", "models.net.engines[0].requires: expected an object, got a list"},
    {"/models/net/inputs/0/dtype", "\"float\"", "models.net.inputs[0].dtype:"},
    {"/models/net/inputs/0/shape/1", "0",
     "models.net.inputs[0].shape[1]: expected an integer from 1 or a symbol, got 0"},
    {"/models/net/inputs/0/shape/1", "2.5",
     "models.net.inputs[0].shape[1]: expected an integer from 1 or a symbol, got 2.5"},
    {"/models/net/inputs/0/shape", "\"batch\"", "models.net.inputs[0].shape: expected a list, got \"batch\""},
    {"/models/net/inputs/0/name", "\"\"", "models.net: inputs, outputs"},
    {"/pipeline", "\"model\"", "pipeline: expected a list, got \"model\""},
    {"/golden/0/input", "{}", "golden[0].input: expected an object with one of the keys"},
    {"/golden/0/stages/0/tolerance", "\"close\"", "golden[0].stages[0].tolerance: expected \"exact\" or"},
    {"/golden/0/stages/0/tolerance", "{\"atol\": -1}", "golden[0].stages[0].tolerance: tolerances are finite"},
    {"/golden/0/stages/0/at", "", "golden[0].stages[0].at: is required"},
    {"/golden/0/input/npy", "\"absent.npy\"", "golden[0].input.npy: \"absent.npy\" is not listed in files"},
    {"/golden/0/input", "{\"file\": \"../a\"}", "golden[0].input.file: \"../a\" is not listed in files"},
    {"/golden/0/stages/0/value/npy", "\"b\"", "golden[0].stages[0].value.npy: \"b\" is not listed in files"},
    {"/golden/0/result/value", "{\"tensors\": {\"y\": \"c\"}}",
     "golden[0].result.value.tensors.y: \"c\" is not listed in files"},
    {"/golden/0/result/value", "{\"tuple\": [{\"npy\": \"golden/0/0.npy\"}, {\"list\": [{\"npy\": \"d\"}]}]}",
     "golden[0].result.value.tuple[1].list[0].npy: \"d\" is not listed in files"},
    {"/golden/0/result/at", "\"pipeline[0]\"", "golden[0].result.at: unknown key"},
    {"/golden/0/stages/0/value", R"({"digest": "abc"})", "golden[0].stages[0].value.digest: expected an object"},
    {"/golden/0/stages/0/value", R"({"digest": {"sha256": "ABC", "dtype": "f32", "shape": [2]}})",
     "golden[0].stages[0].value.digest.sha256: expected 64 lower-case hexadecimal digits, got \"ABC\""},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f31", "shape": [2])"),
     "golden[0].stages[0].value.digest.dtype: unknown dtype 'f31'"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32", "shape": [-2])"),
     "golden[0].stages[0].value.digest.shape[0]: expected a size, got -2"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32", "shape": [1e3])"),
     "golden[0].stages[0].value.digest.shape[0]: expected a size"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32", "shape": [18446744073709551615])"),
     "golden[0].stages[0].value.digest.shape[0]: expected a size"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32", "shape": [1, 1, 1, 1, 1, 1, 1, 1, 1])"),
     "golden[0].stages[0].value.digest.shape: is not a valid tensor shape"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32", "shape": [4611686018427387904, 4])"),
     "golden[0].stages[0].value.digest.shape: is not a valid tensor shape"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32")"), "golden[0].stages[0].value.digest.shape: is required"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32", "shape": [2], "step": 2)"),
     "golden[0].stages[0].value.digest.step: unknown key"},
    {"/golden/0/stages/0/value", digest(R"("dtype": "f32", "shape": [2])", R"(, "npy": "a")"),
     "golden[0].stages[0].value: expected an object with one of the keys"},
    {"/golden/0/result/value", digest(R"("dtype": "f32", "shape": [2])"),
     "golden[0].result.value: a digest can only be compared exactly, the tolerance is atol 1e-06, rtol 0"},
    {"/golden/0/result/value",
     "{\"list\": [{\"tensors\": {\"y\": " + digest(R"("dtype": "f32", "shape": [2])") + "}}]}",
     "golden[0].result.value.list[0].tensors.y: a digest can only be compared exactly"},
    {"/golden/0/result/value", R"({"tensors": {"y": {"npy": "golden/0/0.npy"}}})",
     "golden[0].result.value.tensors.y.npy: unknown key; expected one of digest, sample"},
    {"/golden/0/result/value", R"({"tensors": {"y": 3}})",
     "golden[0].result.value.tensors.y: expected a .npy file, or an"},
    {"/golden/0/input", digest(R"("dtype": "f32", "shape": [2])"), "golden[0].input: an input needs all its values"},
    {"/golden/0/input", R"({"sample": {"npy": "golden/0/0.npy", "step": 1, "shape": [2]}})",
     "golden[0].input: an input needs all its values"},
    {"/golden/0/result/value", R"({"sample": {"npy": "absent", "step": 1, "shape": [2]}})",
     "golden[0].result.value.sample.npy: \"absent\" is not listed in files"},
    {"/golden/0/result/value", R"({"sample": {"npy": "golden/0/0.npy", "step": 0, "shape": [2]}})",
     "golden[0].result.value.sample.step: must be 1.."},
    {"/files/0/path", "\"../etc/passwd\"", "files[0].path: must be a relative path without '..'"},
    {"/files/0/path", "\"/etc/passwd\"", "files[0].path: must be a relative path without '..'"},
    {"/files/0/path", "\"a//b\"", "files[0].path: must be a relative path"},
    {"/files/0/path", "\"a\\\\b\"", "files[0].path: must be a relative path"},
    {"/files/0/path", "\"gantry.json\"", "files[0].path: gantry.json and its signature are not listed"},
    {"/files/0/path", "\"model.fake\"", "files[2].path: 'model.fake' is listed twice"},
    {"/files/0/bytes", "-1", "files[0].bytes: must be 0.."},
    {"/files/0/sha256", "\"ABC\"", "files[0].sha256: expected 64 lower-case hexadecimal digits"},
    {"/provenance", "{\"author\": \"x\"}", "provenance.author: unknown key"},
    {"/provenance", "{\"metrics\": {\"top1\": \"high\"}}", "provenance.metrics.top1: expected a number"},
    {"/accuracy", "{\"eval\": \"eval\", \"metric\": \"top1\"}", "accuracy.floor: is required"},
    {"/latency", "{\"p99\": 3}", "latency."},
};

const Mistake kPaddingMistakes[] = {
    {"/models/net/padding", "16", "models.net.padding: expected an object, got 16"},
    {"/models/net/padding", "{}", "models.net.padding.dim: is required"},
    {"/models/net/padding/dim", "\"S\"", "models.net.padding.dim: no input has a dimension 'S'"},
    {"/models/net/padding/dim", "\"batch\"", "models.net.padding.dim: the batch axis cannot be padded"},
    {"/models/net/padding/dim", "1", "models.net.padding.dim: expected a string, got 1"},
    {"/models/net/padding/mask", "\"x\"", "models.net.padding.mask: unknown key; expected one of dim, lengths, values"},
    {"/models/net/padding/lengths", "64", "models.net.padding.lengths: expected a list, got 64"},
    {"/models/net/padding/lengths", "[]", "models.net.padding.lengths: needs a length"},
    {"/models/net/padding/lengths", "[16, 24.5]", "models.net.padding.lengths[1]: expected an integer, got 24.5"},
    {"/models/net/padding/lengths", "[16, \"32\"]", "models.net.padding.lengths[1]: expected an integer, got \"32\""},
    {"/models/net/padding/lengths", "[0]", "models.net.padding.lengths[0]: must be 1..16777216, got 0"},
    {"/models/net/padding/lengths", "[64, 16]",
     "models.net.padding.lengths[1]: must be greater than the previous one, 64, got 16"},
    {"/models/net/padding/values", "[0]", "models.net.padding.values: expected an object, got a list"},
    {"/models/net/padding/values/x", "\"0\"", "models.net.padding.values.x: expected a number, got \"0\""},
    {"/models/net/padding/values/x", "1e39", "models.net.padding.values.x: "},
    {"/models/net/padding/values/ids", "0", "models.net.padding.values.ids: there is no such input"},
};

const Mistake kEngineMistakes[] = {
    {"/models/net/engines/0/rows", "true", "models.net.engines[0].rows: expected an object, got true"},
    {"/models/net/engines/0/rows", "{}", "models.net.engines[0].rows.independent: is required"},
    {"/models/net/engines/0/rows/independent", "1",
     "models.net.engines[0].rows.independent: expected true or false, got 1"},
    {"/models/net/engines/0/rows/independent", "false", "models.net.engines[0].rows.reason: is required"},
    {"/models/net/engines/0/rows", "{\"independent\": false, \"reason\": \"\"}",
     "models.net.engines[0].rows.reason: must say why"},
    {"/models/net/engines/0/rows/reason", "[]", "models.net.engines[0].rows.reason: expected a string, got a list"},
    {"/models/net/engines/0/rows/extra", "1",
     "models.net.engines[0].rows.extra: unknown key; expected one of atol, independent, reason, rtol, samples, sizes"},
    {"/models/net/engines/0/rows/sizes", "", "models.net.engines[0].rows.sizes: is required"},
    {"/models/net/engines/0/rows/sizes", "16", "models.net.engines[0].rows.sizes: expected a list, got 16"},
    {"/models/net/engines/0/rows/sizes", "[]",
     "models.net.engines[0].rows.sizes: a proof needs at least one batch size"},
    {"/models/net/engines/0/rows/sizes", "[2, 2.5]",
     "models.net.engines[0].rows.sizes[1]: expected an integer, got 2.5"},
    {"/models/net/engines/0/rows/sizes", "[1]",
     "models.net.engines[0].rows.sizes[0]: must be 2..65536, ascending, got 1"},
    {"/models/net/engines/0/rows/sizes", "[16, 2]",
     "models.net.engines[0].rows.sizes[1]: must be 17..65536, ascending, got 2"},
    {"/models/net/engines/0/rows/sizes", "[2, 65537]",
     "models.net.engines[0].rows.sizes[1]: must be 3..65536, ascending, got 65537"},
    {"/models/net/engines/0/rows/sizes", "[18446744073709551615]",
     "models.net.engines[0].rows.sizes[0]: must be 2..65536"},
    {"/models/net/engines/0/rows/samples", "1", "models.net.engines[0].rows.samples: must be 2.."},
    {"/models/net/engines/0/rows/samples", "", "models.net.engines[0].rows.samples: is required"},
    {"/models/net/engines/0/rows/atol", "", "models.net.engines[0].rows.atol: is required"},
    {"/models/net/engines/0/rows/atol", "-1e-9", "models.net.engines[0].rows.atol: must be finite and not negative"},
    {"/models/net/engines/0/rows/rtol", "\"exact\"",
     "models.net.engines[0].rows.rtol: expected a number, got \"exact\""},
    {"/models/net/engines/0/file", "7", "models.net.engines[0].file: expected a string, got 7"},
    {"/models/net/engines/0/file", "", "models.net.engines[0]: needs either file, a path, or files, a list"},
    {"/models/net/engines/0/files", "[]", "models.net.engines[0]: needs either file, a path, or files, a list"},
    {"/models/net/engines/0/precision", "8", "models.net.engines[0].precision: expected a string, got 8"},
    {"/models/net/engines/0/options", "[]", "models.net.engines[0].options: expected an object, got a list"},
    {"/models/net/engines/0/options", "{\"sr\": null}",
     "models.net.engines[0].options.sr: expected true, false, a number, a string"},
    {"/models/net/engines/0/options", "{\"sr\": [1, null]}",
     "models.net.engines[0].options.sr[1]: expected true, false, a number"},
    {"/models/net/engines/0/options", "{\"sr\": 9223372036854775808}",
     "models.net.engines[0].options.sr: expected an integer of 64 bits"},
};

TEST(Manifest, NamesEachMistakeOfAnEngineByItsPath) {
  for (const Mistake& mistake : kEngineMistakes) {
    Json json = valid();
    json["models"]["net"]["engines"][0]["rows"] = {
        {"independent", true}, {"sizes", {2, 16}}, {"samples", 3}, {"atol", 1e-4}, {"rtol", 1e-4}};
    const Json::json_pointer pointer(mistake.pointer);
    if (mistake.value.empty())
      json[pointer.parent_pointer()].erase(pointer.back());
    else
      json[pointer] = Json::parse(mistake.value);
    EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kInvalidArgument, std::string("gantry.json: ") + mistake.message))
        << mistake.pointer << " = " << mistake.value;
  }
}

TEST(Manifest, NamesEachMistakeOfFilesByBatchSizeByItsPath) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"{}", "files: expected a list of 1..64 files"},
      {"[]", "files: expected a list of 1..64 files"},
      {"[{\"batch\": 1}]", "files[0].path: is required"},
      {"[{\"path\": \"model.fake\"}, {\"path\": \"model.fake\", \"batch\": 2}]", "files[0].batch: is required"},
      {"[{\"path\": \"model.fake\", \"batch\": 2}, {\"path\": \"model.fake\", \"batch\": 2}]",
       "files[1].batch: must be greater than the previous one, 2, got 2"},
      {"[{\"path\": \"model.fake\", \"batch\": 65537}]", "files[0].batch: must be 0..65536, got 65537"},
      {"[{\"path\": \"model.fake\", \"size\": 2}]", "files[0].size: unknown key"},
      {"[{\"path\": \"model.fake\", \"batch\": 1}, {\"path\": \"other\", \"batch\": 2}]",
       "files[1].path: \"other\" is not listed in files"},
  };
  for (const auto& [files, message] : mistakes) {
    Json json = valid();
    json["models"]["net"]["engines"][0].erase("file");
    json["models"]["net"]["engines"][0]["files"] = Json::parse(files);
    EXPECT_THAT(parsed(json),
                FailsWith(ErrorCode::kInvalidArgument, std::string("gantry.json: models.net.engines[0].") + message))
        << files;
  }
}

TEST(Manifest, NamesEachMistakeOfPaddingByItsPath) {
  for (const Mistake& mistake : kPaddingMistakes) {
    Json json = sequences();
    json[Json::json_pointer(mistake.pointer)] = Json::parse(mistake.value);
    EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kInvalidArgument, std::string("gantry.json: ") + mistake.message))
        << mistake.pointer << " = " << mistake.value;
  }
}

TEST(Manifest, NamesEachMistakeByItsPath) {
  for (const Mistake& mistake : kMistakes) {
    Json json = valid();
    const Json::json_pointer pointer(mistake.pointer);
    if (mistake.value.empty())
      json[pointer.parent_pointer()].erase(pointer.back());
    else
      json[pointer] = Json::parse(mistake.value);
    EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kInvalidArgument, std::string("gantry.json: ") + mistake.message))
        << mistake.pointer << " = " << mistake.value;
  }
}

TEST(Manifest, HoldsSeveralModelsOrNone) {
  Json json = valid();
  json["models"]["second"] = json["models"]["net"];
  json["models"]["second"]["max_batch"] = 8;
  const auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  ASSERT_EQ(manifest->models.size(), 2u);
  EXPECT_EQ(manifest->model("second")->max_batch, 8);
  EXPECT_EQ(manifest->model("third"), nullptr);
  for (int i = 0; i < 15; ++i) json["models"]["m" + std::to_string(i)] = json["models"]["net"];
  EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kInvalidArgument, "models: at most 16 models are allowed, got 17"));
  json.erase("models");
  EXPECT_TRUE(parsed(json).value().models.empty());
}

TEST(Manifest, ReadsNamedInputsAndTheirGoldenValues) {
  Json json = valid();
  json["inputs"] = {{{"name", "image"}}, {{"name", "count"}}};
  json["golden"][0]["inputs"] = {{"count", json["golden"][0]["input"]}, {"image", {{"file", "model.fake"}}}};
  json["golden"][0].erase("input");
  const auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->inputs, (std::vector<std::string>{"image", "count"}));
  ASSERT_EQ(manifest->golden[0].inputs.size(), 2u) << "in the order of the manifest's inputs";
  json["golden"][0]["inputs"]["image"]["file"] = "absent";
  EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kInvalidArgument, "golden[0].inputs.image.file: \"absent\" is not"));
  json["golden"][0]["inputs"].erase("image");
  EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kInvalidArgument, "golden[0].inputs.image: is required"));
}

TEST(Manifest, RefusesAnotherFormat) {
  Json json = valid();
  json["format"] = 3;
  json["a-key-of-format-3"] = true;
  EXPECT_THAT(parsed(json),
              FailsWith(ErrorCode::kUnsupported, "gantry.json has format 3, this version reads format 2"));
  json["format"] = 1;
  EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kUnsupported,
                                      "gantry.json has format 1, this version reads format 2; pack the model again"));
}

TEST(Manifest, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[]", "{} {}", "\xff\xfe", "{\"name\": \"a\", \"name\": \"b\"}"})
    EXPECT_THAT(parse_manifest(Bytes(std::string(text))), FailsWith(ErrorCode::kInvalidArgument, "gantry.json"));
}

TEST(Manifest, SafePathsHaveNoPartThatLeavesTheDirectory) {
  for (const char* path : {"a", "a/b.npy", "golden/0/..npy", ".hidden"}) EXPECT_TRUE(is_safe_path(path)) << path;
  for (const char* path : {"", ".", "..", "a/..", "../a", "/a", "a/", "a//b", "a\\b", "a\nb", "./a"})
    EXPECT_FALSE(is_safe_path(path)) << path;
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail

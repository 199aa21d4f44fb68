// SPDX-License-Identifier: Apache-2.0
// gantry.json: what is read, and how every mistake is named.
#include "package/manifest.hpp"

#include <gtest/gtest.h>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::detail {
namespace {

using test::FailsWith;
using test::IsOk;
using test::PackageBuilder;

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
  json["engines"][0]["requires"] = {{"torch", ">=2.6"}, {"isa", "x86-64-v3"}};
  json["engines"][0]["device"] = "cpu";
  const auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->title(), "doubler 1");
  EXPECT_EQ(manifest->max_batch, 4);
  EXPECT_EQ(manifest->signature.to_string(), Signature::parse("x:f32[batch,2]", "y:f32[batch,2]")->to_string());
  EXPECT_EQ(manifest->engines[0].torch, ">=2.6");
  EXPECT_EQ(manifest->engines[0].isa, "x86-64-v3");
  EXPECT_EQ(manifest->engines[0].device, "cpu");
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

/// x:f32[batch,T].
Json sequences() {
  Json json = valid();
  json["inputs"][0]["shape"][1] = json["outputs"][0]["shape"][1] = "T";
  json["padding"] = {{"dim", "T"}, {"lengths", {16, 64}}, {"values", {{"x", -1.5}}}};
  return json;
}

TEST(Manifest, ReadsPadding) {
  EXPECT_FALSE(parsed(valid())->padding);
  Json json = sequences();
  auto manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->padding->dim, "T");
  EXPECT_EQ(manifest->padding->lengths, (std::vector<std::int64_t>{16, 64}));
  EXPECT_EQ(manifest->padding->values, (std::map<std::string, double>{{"x", -1.5}}));
  json["padding"] = {{"dim", "T"}};
  manifest = parsed(json);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_TRUE(manifest->padding->lengths.empty());
}

struct Mistake {
  const char* pointer;  // RFC 6901, into the valid manifest
  const char* value;    // JSON; empty: the key is removed
  const char* message;
};

const Mistake kMistakes[] = {
    {"/name", "\"Cats\"", "name: must be lower-case"},
    {"/name", "7", "name: expected a string, got 7"},
    {"/name", "", "name: is required"},
    {"/version", "\"../1\"", "version: must be lower-case"},
    {"/extra", "1", "extra: unknown key; expected one of"},
    {"/max_batch", "0", "max_batch: must be 1..65536, got 0"},
    {"/max_batch", "1.5", "max_batch: expected an integer, got 1.5"},
    {"/engines", "[]", "engines: needs 1..8 engines, got 0"},
    {"/engines", "{}", "engines: expected a list, got an object"},
    {"/engines/0/file", "\"other.ts\"", "engines[0].file: \"other.ts\" is not listed in files"},
    {"/engines/0/file", "\"../model.ts\"", "engines[0].file: \"../model.ts\" is not listed in files"},
    {"/engines/0/device", "\"tpu\"", "engines[0].device: expected one of \"any\", \"cpu\", \"cuda\", got \"tpu\""},
    {"/engines/0/requires", "{\"torch\": \"two\"}", "engines[0].requires.torch: expected \"2.15\" or \">=2.6\""},
    {"/engines/0/requires", "{\"isa\": \"x86-64-v9\"}", "engines[0].requires.isa: expected one of"},
    {"/engines/0/requires", "{\"glibc\": \"2\"}", "engines[0].requires.glibc: unknown key; expected one of isa, torch"},
    {"/inputs/0/dtype", "\"float\"", "inputs[0].dtype:"},
    {"/inputs/0/shape/1", "0", "inputs[0].shape[1]: expected an integer from 1 or a symbol, got 0"},
    {"/inputs/0/shape/1", "2.5", "inputs[0].shape[1]: expected an integer from 1 or a symbol, got 2.5"},
    {"/inputs/0/shape", "\"batch\"", "inputs[0].shape: expected a list, got \"batch\""},
    {"/inputs/0/name", "\"\"", "inputs, outputs"},
    {"/pipeline", "\"model\"", "pipeline: expected a list, got \"model\""},
    {"/golden/0/input", "{\"png\": \"a\"}", "golden[0].input.png: unknown key; expected one of classes"},
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
    {"/padding", "16", "padding: expected an object, got 16"},
    {"/padding", "{}", "padding.dim: is required"},
    {"/padding/dim", "\"S\"", "padding.dim: no input has a dimension 'S'"},
    {"/padding/dim", "\"batch\"", "padding.dim: the batch axis cannot be padded"},
    {"/padding/dim", "1", "padding.dim: expected a string, got 1"},
    {"/padding/mask", "\"x\"", "padding.mask: unknown key; expected one of dim, lengths, values"},
    {"/padding/lengths", "64", "padding.lengths: expected a list, got 64"},
    {"/padding/lengths", "[]", "padding.lengths: needs a length"},
    {"/padding/lengths", "[16, 24.5]", "padding.lengths[1]: expected an integer, got 24.5"},
    {"/padding/lengths", "[16, \"32\"]", "padding.lengths[1]: expected an integer, got \"32\""},
    {"/padding/lengths", "[0]", "padding.lengths[0]: must be 1..16777216, got 0"},
    {"/padding/lengths", "[64, 16]", "padding.lengths[1]: must be above the one before, 64, got 16"},
    {"/padding/values", "[0]", "padding.values: expected an object, got a list"},
    {"/padding/values/x", "\"0\"", "padding.values.x: expected a number, got \"0\""},
    {"/padding/values/x", "1e39", "padding.values.x: "},
    {"/padding/values/ids", "0", "padding.values.ids: there is no such input"},
};

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
    if (*mistake.value == '\0')
      json[pointer.parent_pointer()].erase(pointer.back());
    else
      json[pointer] = Json::parse(mistake.value);
    EXPECT_THAT(parsed(json), FailsWith(ErrorCode::kInvalidArgument, std::string("gantry.json: ") + mistake.message))
        << mistake.pointer << " = " << mistake.value;
  }
}

TEST(Manifest, RefusesAnotherFormat) {
  Json json = valid();
  json["format"] = 2;
  json["a-key-of-format-2"] = true;
  EXPECT_THAT(parsed(json),
              FailsWith(ErrorCode::kUnsupported, "gantry.json has format 2, this version reads format 1"));
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
}  // namespace gantry::detail

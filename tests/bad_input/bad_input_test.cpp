// SPDX-License-Identifier: Apache-2.0
// Every kind of bad input in one table each: images, tensors, packages, models. Each gives the right code and a message
// that names the stage, what was expected and what came, and the next call gives the right answer.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gantry/gantry.hpp>
#include <limits>

#include "core/json_object.hpp"
#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

namespace fs = std::filesystem;
using detail::Json;
using test::FailsWith;
using test::IsOk;
using test::row;
using test::values_of;

constexpr ErrorCode kBad = ErrorCode::kInvalidArgument;
constexpr ErrorCode kWrongState = ErrorCode::kFailedPrecondition;
constexpr ErrorCode kLimit = ErrorCode::kResourceExhausted;
constexpr ErrorCode kModel = ErrorCode::kModelError;

std::string package_path(const std::string& name) {
  return std::string(std::getenv("GANTRY_TEST_PACKAGES")) + "/" + name + "/1";
}
Bytes image_file(const std::string& name) {
  return read_file(std::string(std::getenv("GANTRY_TEST_IMAGES")) + "/" + name).value();
}

// ---- Images --------------------------------------------------------------------------------------------------------

struct BadImage {
  const char* file;
  ErrorCode code;
  const char* message;
};

const BadImage kBadImages[] = {
    {"empty", kBad, "stage 'image.decode': "},
    {"one_byte", kBad, "stage 'image.decode': "},
    {"garbage", kBad, "stage 'image.decode': "},
    {"text", kBad, "stage 'image.decode': "},
    {"gif", kBad, "stage 'image.decode': "},
    {"jpeg_magic_only", kBad, "stage 'image.decode': "},
    {"png_magic_only", kBad, "stage 'image.decode': "},
    {"truncated.jpeg", kBad, "stage 'image.decode': truncated JPEG at byte "},
    {"truncated_header.jpeg", kBad, "stage 'image.decode': "},
    {"truncated.png", kBad, "stage 'image.decode': "},
    {"truncated.webp", kBad, "stage 'image.decode': "},
    {"corrupt.png", kBad, "stage 'image.decode': "},
    {"zero_width.png", kBad, "stage 'image.decode': "},
    {"bomb.png", kLimit, "stage 'image.decode': "},
    {"bomb.jpeg", kLimit, "stage 'image.decode': "},
};

TEST(BadInput, Images) {
  const auto pipeline = open<Bytes, Classes>(package_path("tiny-cnn"));
  ASSERT_THAT(pipeline, IsOk());
  const Classes expected = pipeline->run(image_file("valid.png")).value();
  for (const BadImage& bad : kBadImages) {
    const auto result = pipeline->run(image_file(bad.file));
    EXPECT_THAT(result, FailsWith(bad.code, std::string("pipeline 'tiny-cnn' > ") + bad.message)) << bad.file;
    const Classes after = pipeline->run(image_file("valid.png")).value();
    EXPECT_EQ(after[0].score, expected[0].score) << "after " << bad.file;
  }
}

TEST(BadInput, UnusualImagesAreImages) {
  const auto pipeline = open<Bytes, Classes>(package_path("tiny-cnn"));
  ASSERT_THAT(pipeline, IsOk());
  for (const char* file :
       {"cmyk.jpeg", "gray16.png", "one_bit.png", "palette.png", "progressive.jpeg", "gray.jpeg", "alpha.png"})
    EXPECT_THAT(pipeline->run(image_file(file)), IsOk()) << file;  // tests/parity compares the pixels with Pillow's
}

TEST(BadInput, AFailingImageFailsAloneInItsBatch) {
  const auto pipeline = open<Bytes, Classes>(package_path("tiny-cnn"));
  ASSERT_THAT(pipeline, IsOk());
  const Bytes good = image_file("valid.png");
  std::vector<Bytes> batch;
  for (const BadImage& bad : kBadImages) {
    batch.push_back(good);
    batch.push_back(image_file(bad.file));
  }
  const auto results = pipeline->run_batch(batch);
  const float expected = pipeline->run(good).value()[0].score;
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].ok(), i % 2 == 0) << i;
    if (results[i]) {
      EXPECT_NEAR((*results[i])[0].score, expected, 1e-5) << i;
    }
  }
}

// ---- Tensors -------------------------------------------------------------------------------------------------------

Tensor tensor_of(DType dtype, const Shape& shape) {
  return Tensor::zeros(dtype, shape).value();
}

struct BadTensors {
  const char* what;
  Tensors inputs;
  const char* message;
};

TEST(BadInput, TensorsOfAModel) {  // features: f32[batch, 3], item: i64[batch]
  const auto pipeline = open<Tensors, Tensors>(package_path("two-inputs"));
  ASSERT_THAT(pipeline, IsOk());
  const Tensor features = tensor_of(DType::kF32, {3});
  const Tensor item = tensor_of(DType::kI64, {});
  const BadTensors kBadTensors[] = {
      {"wrong dtype",
       {{"features", tensor_of(DType::kF64, {3})}, {"item", item}},
       "expected features: f32[3], got f64[3]"},
      {"wrong rank",
       {{"features", tensor_of(DType::kF32, {1, 3})}, {"item", item}},
       "expected features: f32[3], got f32[1, 3]"},
      {"wrong shape",
       {{"features", tensor_of(DType::kF32, {4})}, {"item", item}},
       "expected features: f32[3], got f32[4]"},
      {"empty", {{"features", tensor_of(DType::kF32, {0})}, {"item", item}}, "expected features: f32[3], got f32[0]"},
      {"wrong name", {{"feature", features}, {"item", item}}, "input 'features' is missing"},
      {"missing", {{"features", features}}, "input 'item' is missing"},
      {"extra", {{"features", features}, {"item", item}, {"mask", item}}, "unknown input 'mask'"},
      {"twice", {{"features", features}, {"item", item}, {"item", item}}, "an input appears twice"},
      {"none", {}, "input 'features' is missing"},
  };
  for (const BadTensors& bad : kBadTensors) {
    EXPECT_THAT(pipeline->run(bad.inputs), FailsWith(kBad, "pipeline 'two-inputs' > stage 'model': ")) << bad.what;
    EXPECT_THAT(pipeline->run(bad.inputs), FailsWith(kBad, bad.message)) << bad.what;
    EXPECT_THAT(pipeline->run({{"features", features}, {"item", item}}), IsOk()) << "after " << bad.what;
  }
}

TEST(BadInput, NotANumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto best = compile(top_k(2)).value();
  EXPECT_THAT(best.run(row({1, nan, 3})), FailsWith(kBad, "stage 'top_k': "));
  const auto mlp = open<Tensor, Tensor>(package_path("tiny-mlp"));
  ASSERT_THAT(mlp, IsOk());
  const auto result = mlp->run(row({nan, 0, 0, 0}));  // a model may make of it what Python's would
  ASSERT_THAT(result, IsOk());
  EXPECT_TRUE(std::isnan(values_of(*result)[0]));
  EXPECT_FALSE(std::isnan(values_of(mlp->run(row({0, 0, 0, 0})).value())[0]));
}

// ---- Models --------------------------------------------------------------------------------------------------------

TEST(BadInput, AModelThatThrowsAndOneThatGivesAnotherShape) {
  const auto pipeline = open<Tensor, Tensor>(package_path("moody"));
  ASSERT_THAT(pipeline, IsOk());
  const Tensor good = row({1, 2, 3, 4});
  const Tensor throws = row({1, 2, 3, 400});
  const Tensor shrinks = row({1, 2, 3, -400});
  EXPECT_THAT(pipeline->run(throws), FailsWith(kModel, "pipeline 'moody' > stage 'model': "));
  EXPECT_THAT(pipeline->run(throws), FailsWith(kModel, "the features are over 100"));
  EXPECT_THAT(pipeline->run(shrinks),
              FailsWith(kModel, "disagrees with its signature: expected doubled: f32[batch, 4], got f32[1, 2]"));
  EXPECT_EQ(values_of(pipeline->run(good).value()), (std::vector<float>{2, 4, 6, 8}));

  const std::vector<Tensor> batch = {good, throws, good, shrinks};
  const auto results = pipeline->run_batch(batch);
  EXPECT_EQ(values_of(results[0].value()), (std::vector<float>{2, 4, 6, 8}));
  EXPECT_THAT(results[1], FailsWith(kModel, "the features are over 100"));
  EXPECT_EQ(values_of(results[2].value()), (std::vector<float>{2, 4, 6, 8}));
  EXPECT_THAT(results[3],
              FailsWith(kModel, "disagrees with its signature: expected doubled: f32[batch, 4], got f32[1, 2]"));
}

// ---- Packages ------------------------------------------------------------------------------------------------------

/// A copy of a package that may be broken.
class BrokenPackage {
 public:
  explicit BrokenPackage(const std::string& name) { fs::copy(package_path(name), path(), fs::copy_options::recursive); }
  std::string path() const { return directory_ / "1"; }
  std::string file(const std::string& name) const { return path() + "/" + name; }

  void edit(const std::function<void(Json&)>& change) const {
    Json manifest = Json::parse(test::text_of(read_file(file("gantry.json")).value()));
    change(manifest);
    test::write_text(file("gantry.json"), manifest.dump());
  }
  /// Other content, listed as it is.
  void replace(const std::string& name, const std::string& content) const {
    test::write_text(file(name), content);
    edit([&](Json& manifest) {
      for (Json& entry : manifest["files"])
        if (entry["path"] == name)
          entry = {
              {"path", name}, {"bytes", content.size()}, {"sha256", detail::sha256_hex(Bytes(std::string(content)))}};
    });
  }

 private:
  test::TemporaryDirectory directory_;
};

struct BadPackage {
  const char* what;
  std::function<void(const BrokenPackage&)> break_it;
  ErrorCode code;
  const char* message;
};

const BadPackage kBadPackages[] = {
    {"a changed byte",
     [](const BrokenPackage& p) {
       std::fstream file(p.file("model.ts"), std::ios::in | std::ios::out | std::ios::binary);
       file.seekp(100);
       file.put('!');
     },
     kWrongState, "file 'model.ts': has SHA-256 "},
    {"a missing file", [](const BrokenPackage& p) { fs::remove(p.file("labels.txt")); }, kWrongState,
     "file 'labels.txt': is listed in gantry.json, but missing"},
    {"no manifest", [](const BrokenPackage& p) { fs::remove(p.file("gantry.json")); }, ErrorCode::kNotFound,
     "file 'gantry.json' is missing"},
    {"a path with ..", [](const BrokenPackage& p) { p.edit([](Json& m) { m["files"][0]["path"] = "../outside"; }); },
     kBad, "gantry.json: files[0].path: must be a relative path without '..', got \"../outside\""},
    {"labels from outside",
     [](const BrokenPackage& p) { p.edit([](Json& m) { m["pipeline"][5]["labels"] = "../../etc/passwd"; }); }, kBad,
     "pipeline[5].labels: file '../../etc/passwd' is not listed in files"},
    {"a symbolic link that leads out",
     [](const BrokenPackage& p) {
       fs::rename(p.file("model.ts"), p.file("../model.ts"));
       fs::create_symlink("../model.ts", p.file("model.ts"));
     },
     kWrongState, "file 'model.ts': is a symbolic link to '../model.ts', which leads out of the package's directory"},
    {"an unknown op", [](const BrokenPackage& p) { p.edit([](Json& m) { m["pipeline"][1]["op"] = "image.blur"; }); },
     kBad, "pipeline[1].op: unknown op 'image.blur'; near it are "},
    {"an unknown parameter", [](const BrokenPackage& p) { p.edit([](Json& m) { m["pipeline"][1]["colour"] = 1; }); },
     kBad, "pipeline[1].colour: unknown key"},
    {"a parameter over its limit",
     [](const BrokenPackage& p) { p.edit([](Json& m) { m["pipeline"][1]["width"] = 65536; }); }, kBad, "pipeline[1]"},
    {"a wrong type on an edge", [](const BrokenPackage& p) { p.edit([](Json& m) { m["pipeline"].erase(2); }); }, kBad,
     "pipeline[2]: 'model' takes Tensor, but the op before it gives Image"},
    {"an unknown manifest version", [](const BrokenPackage& p) { p.edit([](Json& m) { m["format"] = 99; }); },
     ErrorCode::kUnsupported, "gantry.json has format 99, this version reads format 2"},
    {"an unknown key", [](const BrokenPackage& p) { p.edit([](Json& m) { m["colour"] = "red"; }); }, kBad,
     "gantry.json: colour: unknown key"},
    {"a manifest that is garbage", [](const BrokenPackage& p) { test::write_text(p.file("gantry.json"), "\x01\x02"); },
     kBad, "gantry.json: not JSON"},
    {"a model file that is garbage", [](const BrokenPackage& p) { p.replace("model.ts", std::string(5000, '\x7f')); },
     kBad, "file 'model.ts': "},
    {"an empty model file", [](const BrokenPackage& p) { p.replace("model.ts", ""); }, kBad, "file 'model.ts': "},
    {"a truncated model file",
     [](const BrokenPackage& p) {
       const std::string content = test::text_of(read_file(p.file("model.ts")).value());
       p.replace("model.ts", content.substr(0, content.size() / 2));
     },
     kBad, "file 'model.ts': "},
    {"a signature with another number of inputs",
     [](const BrokenPackage& p) {
       p.edit([](Json& m) {
         m["models"]["model"]["inputs"].push_back({{"name", "mask"}, {"dtype", "f32"}, {"shape", {"batch", 2}}});
       });
     },
     kBad, "engine 'torchscript'"},
    {"a signature whose output is another",
     [](const BrokenPackage& p) { p.edit([](Json& m) { m["models"]["model"]["outputs"][0]["shape"][1] = 11; }); },
     kModel, "logits"},
    {"a golden case that does not hold",
     [](const BrokenPackage& p) {
       p.edit([](Json& m) { m["golden"][0]["result"]["value"]["classes"][0]["score"] = 0.123; });
     },
     kWrongState, "golden[0] > result: class 0"},
};

TEST(BadInput, Packages) {
  for (const BadPackage& bad : kBadPackages) {
    const BrokenPackage package("tiny-cnn");
    ASSERT_THAT((open<Bytes, Classes>(package.path())), IsOk()) << "before: " << bad.what;
    bad.break_it(package);
    const auto opened = open<Bytes, Classes>(package.path());
    EXPECT_THAT(opened, FailsWith(bad.code, bad.message)) << bad.what;
    EXPECT_THAT(opened, FailsWith(bad.code, "package '" + package.path() + "'")) << bad.what;
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI

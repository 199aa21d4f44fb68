// SPDX-License-Identifier: Apache-2.0
// AOTInductor packages: answers, concurrency, bad packages, and where they are unpacked.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "engine/torch/aoti_package.hpp"
#include "engine/torch/engine_fixtures.hpp"
#include "engine/torch/torch_soname.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

namespace fs = std::filesystem;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

Signature mlp_signature() {
  return Signature::parse("features:f32[batch,4]", "scores:f32[batch,3]").value();
}

/// An empty directory for one test.
class Scratch {
 public:
  Scratch() : path_(testing::TempDir() + "gantry-aoti-test") {
    fs::remove_all(path_);
    fs::create_directory(path_);
  }
  ~Scratch() { fs::remove_all(path_); }
  const std::string& path() const { return path_; }
  bool is_empty() const { return fs::is_empty(path_); }

 private:
  std::string path_;
};

Result<Model> load_mlp(const std::string& file, ModelOptions options) {
  return libtorch::load(file, mlp_signature(), options);
}

std::string tiny_mlp() {
  return package_file("tiny-mlp-aoti", "model.pt2");
}

TEST(Aoti, EqualsTheAnswersOfPython) {
  const Model model = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
  for (const char* number : {"0", "1", "2"}) {
    const auto outputs = model.run({{"features", golden("tiny-mlp-aoti", std::string(number) + "/input.npy")}});
    ASSERT_THAT(outputs, IsOk());
    const auto expected = values_of(golden("tiny-mlp-aoti", std::string(number) + "/0.npy"));
    EXPECT_THAT(output_of(outputs), Pointwise(FloatNear(1e-6f), expected));
  }
}

TEST(Aoti, EqualsTheAnswersOfPythonOnceItsFileWasRewritten) {
  const Model model = load_mlp(model_file("same.pt2"), on(make_runtime(1))).value();
  const auto outputs = model.run({{"features", golden("tiny-mlp-aoti", "1/input.npy")}});
  EXPECT_THAT(output_of(outputs), Pointwise(FloatNear(1e-6f), values_of(golden("tiny-mlp-aoti", "1/0.npy"))));
}

TEST(Aoti, DescribesItself) {
  const Model model = load_mlp(tiny_mlp(), on(make_runtime(3))).value();
  EXPECT_EQ(model.info().kind, "aoti");
  EXPECT_THAT(model.info().description, HasSubstr("AOTInductor, LibTorch " + libtorch::version() + ", cpu, "));
  EXPECT_THAT(model.info().description, HasSubstr(", 3 runners"));
  EXPECT_EQ(model.info().matching, "inputs by name, outputs by name");
  EXPECT_EQ(model.info().max_threads, 1);
  EXPECT_FALSE(model.info().has_state);
  EXPECT_FALSE(model.info().mutates_inputs);
}

TEST(Aoti, RunsEveryBatchThatTheSignatureAllows) {
  const Model model = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
  const Tensor row = golden("tiny-mlp-aoti", "1/input.npy");
  const auto expected = values_of(golden("tiny-mlp-aoti", "1/0.npy"));
  for (const std::int64_t batch : {1, 2, 3, 16}) {
    std::vector<float> values;
    std::vector<float> answers;
    for (std::int64_t i = 0; i < batch; ++i) {
      const auto sample = values_of(row);
      values.insert(values.end(), sample.begin(), sample.end());
      answers.insert(answers.end(), expected.begin(), expected.end());
    }
    const Tensor input = Tensor::from<float>(Span<const float>(values), {batch, 4}).value();
    EXPECT_THAT(output_of(model.run({{"features", input}})), Pointwise(FloatNear(1e-6f), answers));
  }
}

TEST(Aoti, EightThreadsGetTheAnswersOfOne) {
  ModelOptions options = on(make_runtime(4));
  options.batch_across_callers = false;  // sums of a larger batch may be rounded otherwise
  const Model model = load_mlp(tiny_mlp(), options).value();
  const Tensors inputs = {{"features", golden("tiny-mlp-aoti", "1/input.npy")}};
  const auto expected = output_of(model.run(inputs));
  std::vector<std::thread> threads;
  std::atomic<int> equal{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int run = 0; run < 50; ++run) equal += output_of(model.run(inputs)) == expected;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(equal, 8 * 50);
}

TEST(Aoti, TakesInputsThatAreNotContiguous) {
  const Model model = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
  const Tensor row = golden("tiny-mlp-aoti", "1/input.npy");
  std::vector<float> columns;
  for (const float value : values_of(row)) columns.insert(columns.end(), {value, value});
  const Tensor transposed =
      Tensor::from<float>(Span<const float>(columns), {4, 2}).value().permute(std::vector<std::size_t>{1, 0}).value();
  const auto expected = values_of(golden("tiny-mlp-aoti", "1/0.npy"));
  const auto values = output_of(model.run({{"features", transposed}}));
  EXPECT_THAT(std::vector<float>(values.begin(), values.begin() + 3), Pointwise(FloatNear(1e-6f), expected));
  EXPECT_THAT(std::vector<float>(values.begin() + 3, values.end()), Pointwise(FloatNear(1e-6f), expected));
}

TEST(Aoti, RefusesRequestsThatTheSignatureDoesNotAllow) {
  const Model model = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
  EXPECT_THAT(model.run({{"features", Tensor::zeros(DType::kF64, {1, 4}).value()}}),
              HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(model.run({{"features", Tensor::zeros(DType::kF32, {1, 5}).value()}}),
              HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(model.run({{"features", Tensor::zeros(DType::kF32, {1, 4}).value()}}), IsOk());
}

TEST(Aoti, RefusesASignatureThatDoesNotFit) {
  const auto load = [](const char* inputs, const char* outputs) {
    return libtorch::load(tiny_mlp(), Signature::parse(inputs, outputs).value(), on(make_runtime(1)));
  };
  EXPECT_THAT(load("a:f32[batch,4]; b:f32[batch,4]", "scores:f32[batch,3]"),
              FailsWith(ErrorCode::kInvalidArgument, "takes 1 inputs, the signature has 2"));
  EXPECT_THAT(load("a:f32[batch,4]", "s:f32[batch,3]; t:f32[batch,3]"),
              FailsWith(ErrorCode::kInvalidArgument, "gives 1 tensors, the signature has 2 outputs"));
  for (const char* input :
       {"a:f64[batch,4]", "a:f32[batch,5]", "a:f32[batch,n]", "a:f32[batch]", "a:f32[batch,4,1]", "a:f32[17,4]"})
    EXPECT_THAT(load(input, "s:f32[4,3]"), FailsWith(ErrorCode::kInvalidArgument, "compiled for f32[batch, 4]"))
        << input;
  for (const char* output : {"s:f32[batch,9]", "s:i64[batch,3]", "s:f32[3,3]", "s:f32[batch]", "s:f32[batch,batch]"})
    EXPECT_THAT(load("a:f32[batch,4]", output), FailsWith(ErrorCode::kInvalidArgument, "compiled for f32[batch, 3]"))
        << output;
}

Result<std::unique_ptr<Engine>> load_engine(const std::string& file, const Signature& signature) {
  return libtorch::engines()[1]->load(
      {{{ModelFile::open(file).value(), 0}}, signature, Device::cpu(), 2, 16, {}, {}, {}, {}});
}

TEST(Aoti, RefusesCallsOfSizesThatItWasNotCompiledFor) {
  const auto engine = load_engine(tiny_mlp(), mlp_signature()).value();
  const auto instance = engine->make_instance(1).value();
  const auto call = [&](std::int64_t batch) {
    return instance->run({{"features", Tensor::zeros(DType::kF32, {batch, 4}).value()}}, {});
  };
  EXPECT_THAT(call(16), IsOk());
  EXPECT_THAT(call(17), FailsWith(ErrorCode::kInvalidArgument,
                                  "input 'features': dimension 0 is 17, and the model was compiled for at most 16"));
}

TEST(Aoti, RefusesToMergeMoreSamplesThanItWasCompiledFor) {
  ModelOptions options = on(make_runtime(1));
  options.max_batch = 17;
  EXPECT_THAT(load_mlp(tiny_mlp(), options),
              FailsWith(ErrorCode::kInvalidArgument, "at most 16 samples a call, and max_batch is 17"));
  options.merge = Merge::kNever;
  EXPECT_THAT(load_mlp(tiny_mlp(), options), IsOk());
}

void trust(ModelOptions& options) {
  libtorch::Options torch;
  torch.trust_unverified_code = true;
  torch.apply_to(options);
}

TEST(Aoti, RefusesCodeThatDoesNotSayWhatItWasCompiledForUnlessItIsTrusted) {
  ModelOptions options = on(make_runtime(2));
  for (const char* file : {"foreign.pt2", "older-packer.pt2", "two-threads.pt2"})
    EXPECT_THAT(load_mlp(model_file(file), options), FailsWith(ErrorCode::kFailedPrecondition, "with gantry-pack"))
        << file;
  EXPECT_THAT(load_mlp(model_file("foreign.pt2"), options),
              FailsWith(ErrorCode::kFailedPrecondition, "libtorch::Options::trust_unverified_code"));
  trust(options);
  const Model model = load_mlp(model_file("foreign.pt2"), options).value();
  EXPECT_THAT(output_of(model.run({{"features", golden("tiny-mlp-aoti", "1/input.npy")}})),
              Pointwise(FloatNear(1e-6f), values_of(golden("tiny-mlp-aoti", "1/0.npy"))));
  EXPECT_THAT(model.info().description, HasSubstr("not verified"));
  EXPECT_TRUE(model.info().has_state);
  EXPECT_TRUE(model.info().mutates_inputs);
  EXPECT_EQ(model.info().max_threads, 0);
  EXPECT_EQ(model.info().matching, "inputs by position, outputs by position");
  options.warmup_runs = 0;
  EXPECT_THAT(libtorch::load(model_file("foreign.pt2"),
                             Signature::parse("features:f64[batch,5]", "scores:f32[batch,3]").value(), options),
              IsOk());  // which is what the option risks
}

struct BadPackage {
  const char* file;
  ErrorCode code;
  const char* text;
};

TEST(Aoti, NamesAnOperatorThatTheProcessLacks) {
  const auto model = load_rows("needs-operator.pt2", on(make_runtime(1)));
  EXPECT_THAT(model, FailsWith(ErrorCode::kUnsupported, "the operator 'gantry_test::twice'"));
  EXPECT_THAT(model, FailsWith(ErrorCode::kUnsupported, "libtorch::Options::libraries"));
}

class BadPackages : public testing::TestWithParam<BadPackage> {};

TEST_P(BadPackages, AreRefusedAndLeaveNothingBehind) {
  const Scratch scratch;
  ModelOptions options = on(make_runtime(1));
  options.engine_options["aoti"].set("scratch_dir", scratch.path());
  EXPECT_THAT(load_mlp(model_file(GetParam().file), options), FailsWith(GetParam().code, std::string(GetParam().text)));
  EXPECT_TRUE(scratch.is_empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadPackages,
    testing::Values(BadPackage{"slip.pt2", ErrorCode::kInvalidArgument, "unsafe name"},
                    BadPackage{"other-torch.pt2", ErrorCode::kFailedPrecondition, "compiled with LibTorch 1.99"},
                    BadPackage{"other-isa.pt2", ErrorCode::kFailedPrecondition, "'x86-64-v9'"},
                    BadPackage{"unknown-isa.pt2", ErrorCode::kFailedPrecondition, "'ABACUS'"},
                    BadPackage{"two-isas.pt2", ErrorCode::kFailedPrecondition, "'ABACUS'"},
                    BadPackage{"other-machine.pt2", ErrorCode::kFailedPrecondition, "compiled for pdp11"},
                    BadPackage{"damaged-inputs.pt2", ErrorCode::kInvalidArgument, "'gantry_inputs'"},
                    BadPackage{"other-device.pt2", ErrorCode::kFailedPrecondition, "compiled for 'cuda'"},
                    BadPackage{"two-libraries.pt2", ErrorCode::kInvalidArgument, "several libraries"},
                    BadPackage{"two-models.pt2", ErrorCode::kInvalidArgument, "several models"},
                    BadPackage{"weights-outside.pt2", ErrorCode::kUnsupported, "weights"}));

TEST(Aoti, KeepsItsMemoryForTheNextRunAndSaysHowMuch) {
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  const Runtime runtime = make_runtime(1);
  ModelOptions options = on(runtime);
  options.max_batch = 1024;
  options.release_memory_after = std::chrono::hours(1);
  const Model model = libtorch::load(model_file("matmul.pt2"), signature, options).value();
  const Tensors inputs = {{"x", Tensor::zeros(DType::kF32, {1024, 256}).value()}};
  ASSERT_THAT(model.run(inputs), IsOk());
  const ModelMemory kept = runtime.stats().models.at(0).memory;
  EXPECT_GE(kept.retained_bytes, 1024u * 256 * 4);
  EXPECT_EQ(kept.in_use_bytes, 0u);
  EXPECT_EQ(kept.weights_bytes, 256u * 256 * 4);
  const auto before = libtorch::activation_memory();
  ASSERT_THAT(model.run(inputs), IsOk());
  EXPECT_GT(libtorch::activation_memory().hits, before.hits);
  EXPECT_EQ(libtorch::activation_memory().misses, before.misses);
  EXPECT_EQ(libtorch::release_idle_activation_memory(std::chrono::milliseconds(0)), kept.retained_bytes);
  EXPECT_EQ(runtime.stats().models.at(0).memory.retained_bytes, 0u);
}

TEST(Aoti, LeavesNothingInTheScratchDirectory) {
  const Scratch scratch;
  ModelOptions options = on(make_runtime(1));
  options.engine_options["aoti"].set("scratch_dir", scratch.path());
  const Model model = load_mlp(tiny_mlp(), options).value();
  EXPECT_TRUE(scratch.is_empty());
  EXPECT_THAT(model.run({{"features", golden("tiny-mlp-aoti", "0/input.npy")}}), IsOk());
}

TEST(Aoti, UnpacksIntoADirectoryOfItsOwnUser) {
  const Scratch scratch;
  auto directory = libtorch::ScratchDirectory::make(scratch.path()).value();
  struct stat status {};
  ASSERT_EQ(::stat(directory.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  const auto package = libtorch::scan_aoti_package(ModelFile::open(tiny_mlp()).value()).value();
  EXPECT_THAT(libtorch::unpack_aoti_package(package, directory), IsOk());
  EXPECT_THAT(libtorch::unpack_aoti_package(package, directory), FailsWith(ErrorCode::kFailedPrecondition, "exists"));
  directory.remove();
  EXPECT_TRUE(scratch.is_empty());
}

bool has_library(const char* name) {
  void* library = ::dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
  if (library) ::dlclose(library);
  return library != nullptr;
}

TEST(Aoti, BringsInNoCuda) {
  const Model model = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
  EXPECT_FALSE(has_library("libtorch_cuda.so"));
}

TEST(TorchSoname, IsGoneWithItsObjectUnlessALibraryNeedsIt) {
  // In a process of its own: a package's library, once loaded by another test, keeps it.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const bool before = has_library("libtorch.so");
        bool during = false;
        {
          const auto soname = libtorch::TorchSoname::open();
          during = soname.ok() && has_library("libtorch.so");
        }
        std::_Exit(!before && during && !has_library("libtorch.so") ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Aoti, LoadsTheSamePackageTwice) {
  const Model first = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
  const Tensors inputs = {{"features", golden("tiny-mlp-aoti", "2/input.npy")}};
  const auto expected = output_of(first.run(inputs));
  {
    const Model second = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
    EXPECT_EQ(output_of(second.run(inputs)), expected);
  }
  EXPECT_EQ(output_of(first.run(inputs)), expected);
}

TEST(Aoti, KeepsOutputsAliveAfterTheModelIsGone) {
  Tensors outputs;
  {
    const Model model = load_mlp(tiny_mlp(), on(make_runtime(1))).value();
    outputs = model.run({{"features", golden("tiny-mlp-aoti", "1/input.npy")}}).value();
  }
  EXPECT_THAT(values_of(outputs[0].tensor), Pointwise(FloatNear(1e-6f), values_of(golden("tiny-mlp-aoti", "1/0.npy"))));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

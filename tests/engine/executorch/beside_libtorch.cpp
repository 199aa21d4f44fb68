// SPDX-License-Identifier: Apache-2.0
// Runs a TorchScript model in a process that has ExecuTorch and its kernels as well, loaded before LibTorch or after
// it, or not at all; prints what came out, and how many instructions it took. Both define sgemm_ and
// pthreadpool_create.
//
//   beside_libtorch alone|before|after LIBGANTRY_TORCH MODEL.ts MODEL.pte
#include <dlfcn.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gantry/core.hpp>
#include <gantry/executorch.hpp>
#include <string>

namespace {

using namespace gantry;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

std::unique_ptr<Engine> load(const EngineList& engines, const char* file, const Signature& signature) {
  LoadRequest request;
  request.files.push_back({ModelFile::open(file).value(), 0});
  request.signature = signature;
  auto engine = engines.at(0)->load(request);
  if (!engine) fail(engine.error().to_string());
  return *std::move(engine);
}

Tensors run(Engine& engine, const Tensors& inputs, int times) {
  auto instance = engine.make_instance(1).value();
  Tensors outputs;
  for (int i = 0; i < times; ++i) {
    auto found = instance->run(inputs, EngineCall());
    if (!found) fail(found.error().to_string());
    outputs = *std::move(found);
  }
  return outputs;
}

void use_executorch(const char* file) {
  const auto signature = Signature::parse("x:f32[batch,4]", "values:f32[batch,2]; indices:i64[batch,2]").value();
  const auto engine = load(executorch::engines(), file, signature);
  run(*engine, {{"x", Tensor::zeros(DType::kF32, {1, 4}).value()}}, 1);
}

EngineList libtorch_engines(const char* library) {
  void* const opened = ::dlopen(library, RTLD_LAZY | RTLD_LOCAL);
  if (opened == nullptr) fail(::dlerror());
  const auto entry = reinterpret_cast<const EngineLibrary* (*)()>(::dlsym(opened, "gantry_engine_0_2"));
  return entry()->engines();
}

/// Of this thread; -1 where the kernel does not let one count.
int open_counter() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

}  // namespace

int main(int, char** arguments) {
  const std::string order = arguments[1];
  if (order == "before") use_executorch(arguments[4]);
  const auto signature = Signature::parse("x:f32[batch,256]", "y:f32[batch,256]").value();
  const auto engine = load(libtorch_engines(arguments[2]), arguments[3], signature);
  if (order == "after") use_executorch(arguments[4]);
  Tensor x = Tensor::make(DType::kF32, {64, 256}).value();
  float value = 0;
  for (float& element : x.mutable_values<float>().value()) element = (value = value < 1 ? value + 0.013F : -1);
  run(*engine, {{"x", x}}, 3);
  const int counter = open_counter();
  const auto outputs = run(*engine, {{"x", x}}, 50);
  std::uint64_t instructions = 0;
  if (counter < 0 || ::read(counter, &instructions, sizeof instructions) != sizeof instructions) instructions = 0;
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a of the answer's bits
  const auto* bytes = static_cast<const unsigned char*>(outputs[0].tensor.data());
  for (std::size_t i = 0; i < outputs[0].tensor.size_bytes(); ++i) hash = (hash ^ bytes[i]) * 1099511628211U;
  std::printf("%016llx %llu\n", static_cast<unsigned long long>(hash), static_cast<unsigned long long>(instructions));
  return 0;
}

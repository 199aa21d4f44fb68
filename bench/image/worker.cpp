// SPDX-License-Identifier: Apache-2.0
// gantry in the image benchmark: one chain over one input, controlled line by line.
//
//   bench_image_worker CASE INPUT THREADS DUMP
//
// CASE is jpeg, png, buffer or letterbox; INPUT is a file. The result is written to DUMP as f32, then a line of JSON
// says that it is ready. `run N` makes each thread process N images, and answers {"wall_ns", "cpu_ns"} per image.
#include <hwy/targets.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
// jpeglib.h needs cstdio; it only serves to tell the version.
#include <gnu/libc-version.h>
#include <jpeglib.h>

#include <gantry/core.hpp>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#define GANTRY_BENCH_TEXT_OF(x) #x
#define GANTRY_BENCH_TEXT(x) GANTRY_BENCH_TEXT_OF(x)

namespace {

using namespace gantry;

using Work = std::function<Result<Tensor>()>;

Stage<Image, Tensor> classify_chain() {
  return image::resize_short(256) | image::center_crop(224) |
         image::to_tensor(image::torchvision({0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}));
}

/// The work of a thread for one image.
Work make_work(const std::string& name, const Bytes& file, const Runtime& runtime) {
  if (name == "jpeg" || name == "png") {
    auto pipeline = compile(image::decode() | classify_chain(), runtime).value();
    return [pipeline, file] { return pipeline.run(file); };
  }
  const Image decoded = compile(image::decode(), runtime).value().run(file).value();
  if (name == "letterbox") {
    image::TensorFormat format;
    format.reverse_channels = true;
    auto pipeline = compile(image::letterbox() | image::to_tensor({}, format), runtime).value();
    return [pipeline, decoded] { return pipeline.run(decoded); };
  }
  auto pipeline = compile(classify_chain(), runtime).value();
  return [pipeline, decoded] { return pipeline.run(decoded); };
}

void dump(const Tensor& tensor, const char* path) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr || std::fwrite(tensor.data(), 1, tensor.size_bytes(), file) != tensor.size_bytes()) std::exit(1);
  std::fclose(file);
}

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void measure(const Work& work, int threads, int count) {
  const auto began = std::chrono::steady_clock::now();
  const double cpu_began = cpu_ns();
  const auto loop = [&work, count] {
    for (int i = 0; i < count; ++i)
      if (!work()) std::exit(1);
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(loop);
  loop();
  for (std::thread& thread : others) thread.join();
  const double wall = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count();
  const double images = static_cast<double>(threads) * count;
  std::printf("{\"wall_ns\": %.0f, \"cpu_ns\": %.0f}\n", wall / images, (cpu_ns() - cpu_began) / images);
}

/// What the times and the number of instructions depend on besides gantry.
std::string versions_text() {
  const std::int64_t targets = hwy::SupportedTargets();  // the best one has the lowest bit
  return std::string("gantry, compiler " __VERSION__ ", ") + hwy::TargetName(targets & -targets) +
         ", libjpeg-turbo " GANTRY_BENCH_TEXT(LIBJPEG_TURBO_VERSION) ", glibc " + gnu_get_libc_version();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: bench_image_worker CASE INPUT THREADS DUMP\n"), 64;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  const Runtime runtime = Runtime::create(options).value();
  const Work work = make_work(argv[1], read_file(argv[2]).value(), runtime);
  dump(work().value(), argv[4]);
  std::printf("{\"version\": \"%s\"}\n", versions_text().c_str());
  std::string word;
  int count = 0;
  while (std::cin >> word >> count) measure(work, std::atoi(argv[3]), count);
}

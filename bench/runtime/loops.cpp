// SPDX-License-Identifier: Apache-2.0
// The gain of a second thread for one request with a large picture: ops whose loops run in bands of rows, with one and
// with two threads (RuntimeOptions::goal = kLatency), in turns. The results are compared bit by bit first.
#include <malloc.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <gantry/image.hpp>
#include <gantry/segmentation.hpp>
#include <gantry/tensor_ops.hpp>
#include <string>
#include <vector>

#include "load.hpp"

namespace {

using namespace gantry;
using bench::Clock;

constexpr int kRounds = 15;

Runtime runtime(int threads) {
  RuntimeOptions options;
  options.cpus = threads;
  options.goal = Goal::kLatency;
  options.callers_help = false;  // both on a worker: on the main thread malloc frees memory differently
  return Runtime::create(options).value();
}

std::uint32_t next_random() {
  static std::uint32_t state = 12345;
  return state = state * 1664525u + 1013904223u;
}

Image picture(std::int64_t width, std::int64_t height) {
  Image image = Image::make(width, height, Colour::kRgb).value();
  for (std::uint8_t& byte : image.pixels().mutable_values<std::uint8_t>().value())
    byte = static_cast<std::uint8_t>(next_random() >> 24);
  return image;
}

Tensor planes(const Shape& shape) {
  Tensor tensor = Tensor::make(DType::kF32, shape).value();
  for (float& value : tensor.mutable_values<float>().value())
    value = static_cast<float>(next_random() >> 8) / static_cast<float>(1u << 24);
  return tensor;
}

bool are_equal(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size_bytes())) == 0;
}
bool are_equal(const Image& a, const Image& b) {
  return are_equal(a.pixels(), b.pixels());
}

template <class Run>
double milliseconds(const Run& run) {
  const auto begin = Clock::now();
  for (int i = 0; i < 3; ++i) run();
  return bench::microseconds(Clock::now() - begin) / 3000;
}

template <class In, class Out>
void compare(const char* name, const Stage<In, Out>& stage, const In& input) {
  const auto one = compile(stage, runtime(1)).value(), two = compile(stage, runtime(2)).value();
  if (!are_equal(one.run(input).value(), two.run(input).value())) {
    std::fprintf(stderr, "%s: two threads give other bits than one\n", name);
    std::exit(1);
  }
  std::vector<double> alone, together, logs;
  for (int round = 0; round < kRounds; ++round) {
    alone.push_back(milliseconds([&] { one.run(input).value(); }));
    together.push_back(milliseconds([&] { two.run(input).value(); }));
    logs.push_back(std::log(together.back() / alone.back()));
  }
  double mean = 0, spread = 0;
  for (const double log : logs) mean += log / kRounds;
  for (const double log : logs) spread += (log - mean) * (log - mean) / (kRounds - 1);
  const double error = 1.96 * std::sqrt(spread / kRounds);
  std::printf("| %s | %.2f | %.2f | %.2f (%.2f..%.2f) |\n", name, bench::quantile(alone, 0.5),
              bench::quantile(together, 0.5), std::exp(mean), std::exp(mean - error), std::exp(mean + error));
}

}  // namespace

int main() {
  // Otherwise malloc returns large results to the system and gets them again, at times for one side and at times for
  // the other. Their pages would then cost more than the loops.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  std::printf("| | one thread, ms | two threads, ms | two / one |\n|---|---|---|---|\n");
  const Image photo = picture(4000, 3000);
  compare("image.resize 4000x3000 -> 1000x750, to_tensor",
          image::resize(1000, 750, {image::Filter::kBicubic}) | image::to_tensor(image::affine(0, 1)), photo);
  image::Affine turned;
  turned.angle = 17;
  turned.how.filter = image::Filter::kBilinear;
  const Image frame = picture(1920, 1080);
  compare("image.affine 1920x1080, bilinear", image::affine(turned), frame);
  const image::Perspective tilted{{{{0, 0}, {1919, 0}, {1919, 1079}, {0, 1079}}},
                                  {{{10, 3}, {1880, 20}, {1919, 1079}, {0, 1000}}},
                                  {image::Filter::kBilinear, std::uint8_t{0}}};
  compare("image.perspective 1920x1080, bilinear", image::perspective(tilted), frame);
  Interpolate enlarged;
  enlarged.width = 960;
  enlarged.height = 960;
  enlarged.mode = Interpolation::kBilinear;
  compare("interpolate [8, 240, 240] -> [8, 960, 960]", interpolate(enlarged), planes({8, 240, 240}));
  compare("segment [21, 128, 128] -> [1024, 1024]", segment({1024, 1024}), planes({21, 128, 128}));
}

// SPDX-License-Identifier: Apache-2.0
// The time of a refusal, in caller execution: the hand-over to a worker, which plan_overhead measures, is not included.
// Each refusal is checked before it is timed.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <gantry/core.hpp>
#include <string>

#include "null_engine.hpp"

namespace {

using namespace gantry;

template <class In, class Out>
void time_refusal(benchmark::State& state, const Pipeline<In, Out>& pipeline, const In& input, ErrorCode code) {
  const auto refused = pipeline.run(input);
  if (refused) return state.SkipWithError("was not refused");
  if (refused.error().code() != code) return state.SkipWithError(refused.error().to_string().c_str());
  for (auto _ : state) benchmark::DoNotOptimize(pipeline.run(input));
}

void refuse_tensor(benchmark::State& state, DType dtype, const Shape& shape) {
  const Runtime runtime = bench::make_runtime(Execution::kCaller);
  const Model model = bench::make_null_model(runtime);
  CompileOptions options(runtime);
  options.name = "null";
  const auto pipeline = compile(model.stage(), options).value();
  time_refusal(state, pipeline, Tensor::zeros(dtype, shape).value(), ErrorCode::kInvalidArgument);
}
BENCHMARK_CAPTURE(refuse_tensor, wrong_dtype, DType::kF64, Shape{bench::kFeatures});
BENCHMARK_CAPTURE(refuse_tensor, wrong_shape, DType::kF32, Shape{bench::kFeatures + 1});
BENCHMARK_CAPTURE(refuse_tensor, wrong_rank, DType::kF32, Shape{1, bench::kFeatures});

void refuse_bytes(benchmark::State& state, const std::string& content, ErrorCode code) {
  CompileOptions options(bench::make_runtime(Execution::kCaller));
  options.name = "pictures";
  const auto pipeline = compile(image::decode(), options).value();
  time_refusal(state, pipeline, Bytes(content), code);
}

/// The first 33 bytes of an 8-bit RGB PNG, which contain its size.
std::string png_header(std::uint32_t side, std::uint32_t checksum) {
  std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  const auto append = [&](std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) png.push_back(static_cast<char>(number >> shift & 0xff));
  };
  append(side);
  append(side);
  png.append("\x08\x02\0\0\0", 5);
  append(checksum);
  return png;
}
BENCHMARK_CAPTURE(refuse_bytes, empty, std::string(), ErrorCode::kInvalidArgument);
BENCHMARK_CAPTURE(refuse_bytes, no_picture, std::string(4096, 'x'), ErrorCode::kInvalidArgument);
BENCHMARK_CAPTURE(refuse_bytes, truncated_png, png_header(64, 0x250be689), ErrorCode::kInvalidArgument);
BENCHMARK_CAPTURE(refuse_bytes, png_bomb_60000_x_60000, png_header(60000, 0x0fb0e215), ErrorCode::kResourceExhausted);

}  // namespace

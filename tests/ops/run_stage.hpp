// SPDX-License-Identifier: Apache-2.0
// Runs one stage, or one config, on the calling thread.
#pragma once

#include <cstdint>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <string>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::test {

inline const Runtime& calling_thread() {
  static const Runtime runtime = [] {
    RuntimeOptions options;
    options.execution = Execution::kCaller;
    return Runtime::create(options).value();
  }();
  return runtime;
}

template <class In, class Out>
Result<Out> run(const Stage<In, Out>& stage, In input) {
  auto pipeline = compile(stage, calling_thread());
  if (!pipeline) return std::move(pipeline).error();
  return pipeline->run(std::move(input));
}

/// `op` is one op: {"op": "image.pad", "left": 3}.
template <class In, class Out>
Result<Stage<In, Out>> from_config(const std::string& op, const ConfigContext& context = {}) {
  return parse_stages<In, Out>("[" + op + "]", Registry::builtin(), context);
}

/// The bytes of an image, row by row.
inline std::vector<std::uint8_t> bytes_of(const Image& image) {
  std::vector<std::uint8_t> bytes;
  const auto row_bytes = static_cast<std::ptrdiff_t>(image.width()) * static_cast<std::ptrdiff_t>(image.channels());
  for (std::int64_t y = 0; y < image.height(); ++y) bytes.insert(bytes.end(), image.row(y), image.row(y) + row_bytes);
  return bytes;
}

/// An image from its bytes, row by row.
inline Image image_of(std::int64_t width, std::int64_t height, Colour colour, const std::vector<std::uint8_t>& bytes) {
  const auto channels = static_cast<std::int64_t>(channels_of(colour));
  auto pixels = Tensor::from<std::uint8_t>(Span<const std::uint8_t>(bytes), {height, width, channels});
  return Image::from(std::move(pixels).value(), colour).value();
}

inline std::vector<float> floats_of(const Tensor& tensor) {
  const auto values = tensor.values<float>().value();
  return {values.begin(), values.end()};
}

/// 0, 1, 2, ... as a gray image.
inline Image counting_image(std::int64_t width, std::int64_t height) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(width * height));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return image_of(width, height, Colour::kGray, bytes);
}

}  // namespace gantry::inline GANTRY_ABI::test

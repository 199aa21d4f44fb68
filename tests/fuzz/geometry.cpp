// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image and a list of geometric ops with any parameters: as one step and op by op, the chain gives the
// same pixels or the same error, and of the size that the ops said. (Below the limits, beyond which a chain may do
// more.)
#include <cstdlib>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/geometry_input.hpp"
#include "fuzz/require.hpp"
#include "ops/image/image_op.hpp"
#include "ops/png/png_writer.hpp"
#include "support/fake_engine.hpp"

namespace {

using namespace gantry;
using test::require;
using Op = Stage<Image, Image>;

constexpr std::int64_t kLargestImage = 1 << 18;  // bytes
constexpr std::size_t kMostOps = 6;

template <class In, class Out>
Result<Out> run(const Stage<In, Out>& stage, const In& input, bool fuse) {
  static const Runtime runtime = test::make_runtime(1, Execution::kCaller);
  CompileOptions options(runtime);
  options.fuse = fuse;
  auto pipeline = compile(stage, options);
  if (!pipeline) return std::move(pipeline).error();
  return pipeline->run(input);
}

/// What an op does to an image of a size; of those that do not tell, the size of what they make.
Result<detail::Geometry> resolve(const Op& op, detail::ImageSize size) {
  if (const auto* kernel = dynamic_cast<const detail::GeometryKernel*>(op.node()->kernel.get()))
    return kernel->resolve()(size);
  const auto turned = run(op, Image::make(size.width, size.height, Colour::kGray).value(), false).value();
  return detail::Geometry(detail::Window{0, 0, detail::size_of(turned)});
}

detail::ImageSize size_after(const detail::GeometryStep& step, detail::ImageSize before) {
  if (const auto* resize = std::get_if<detail::ResizeTo>(&step)) return resize->size;
  if (const auto* window = std::get_if<detail::Window>(&step)) return window->size;
  if (const auto* extend = std::get_if<detail::Extend>(&step)) return extend->size;
  return before;
}

enum class Outcome { kMade, kRefused, kTooLarge };

/// Goes through the sizes that the ops declare, and stops at one that takes too long to try, or that an op alone
/// refuses to make, which a chain that leaves only a part of it need not.
Outcome forecast(const std::vector<Op>& ops, detail::ImageSize& size, std::int64_t channels) {
  for (const Op& op : ops) {
    const auto geometry = resolve(op, size);
    if (!geometry) return Outcome::kRefused;
    for (const detail::GeometryStep& step : *geometry) {
      if (!detail::check_fill(step, static_cast<std::size_t>(channels))) return Outcome::kRefused;
      size = size_after(step, size);
      if (!detail::check_image_bytes(size, static_cast<std::size_t>(channels))) return Outcome::kTooLarge;
      if (std::holds_alternative<detail::ResizeTo>(step) && !detail::check_resized_sides(size))
        return Outcome::kTooLarge;
      if (size.width * size.height * channels > kLargestImage) return Outcome::kTooLarge;
    }
  }
  return Outcome::kMade;
}

std::string text_of(const Image& image) {
  const Tensor pixels = image.pixels().contiguous().value();
  return pixels.to_string() + std::string(static_cast<const char*>(pixels.data()), pixels.size_bytes());
}

std::string text_of(const Tensor& tensor) {
  return tensor.to_string() + std::string(static_cast<const char*>(tensor.data()), tensor.size_bytes());
}

template <class T>
std::string text_of(const Result<T>& result) {
  return result ? text_of(*result) : result.error().to_string();
}

template <class In, class Out>
Result<Out> run_both(const Stage<In, Out>& stage, const In& input) {
  auto fused = run(stage, input, true);
  require(text_of(fused) == text_of(run(stage, input, false)));
  return fused;
}

Bytes png_of(const Image& image) {
  test::PngFile file;
  file.width = static_cast<std::uint32_t>(image.width());
  file.height = static_cast<std::uint32_t>(image.height());
  file.colour_type = image.colour() == Colour::kGray ? 0 : image.colour() == Colour::kRgb ? 2 : 6;
  const auto row_bytes = static_cast<std::size_t>(image.width()) * image.channels();
  for (std::int64_t y = 0; y < image.height(); ++y)
    file.rows.emplace_back(reinterpret_cast<const char*>(image.row(y)), row_bytes);
  return file.bytes();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::GeometryInput input(data, size);
  const Image image = input.image();
  const bool is_file = input.flag();
  const bool makes_tensor = input.flag();
  std::vector<Op> ops;
  while (ops.empty() || (input.has_more() && ops.size() < kMostOps)) ops.push_back(input.op());
  Op chain = ops[0];
  for (std::size_t i = 1; i < ops.size(); ++i) chain = chain | ops[i];

  if (chain.error() != nullptr) {
    require(!run_both(chain, image).ok());
    return 0;
  }
  detail::ImageSize expected = {image.width(), image.height()};
  const Outcome outcome = forecast(ops, expected, static_cast<std::int64_t>(image.channels()));
  if (outcome == Outcome::kTooLarge) return 0;
  image::Decode decode;
  decode.colour = image::ColourMode::kUnchanged;
  const auto check = [&](const auto& stages) {
    const auto made = run_both(stages, image);
    require(made.ok() == (outcome == Outcome::kMade));
    if (is_file) require(text_of(run_both(image::decode(decode) | stages, png_of(image))) == text_of(made));
    return made;
  };
  if (makes_tensor) {
    static_cast<void>(check(chain | image::to_tensor(image::affine(3, 7))));
  } else if (const auto made = check(chain)) {
    require(made->width() == expected.width && made->height() == expected.height);
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Runs the ops on quads over arrays, for comparison with OpenCV and pyclipper:
//
//   quad_probe CASES.json
//
// CASES is a list of {"ops", "map", "out"}, where "map" is an .npy file f32[h, w] and the result f32[n, 9], four
// corners and the score; or of {"ops", "image", "quad", "out"}, where "image" is u8[h, w, channels], "quad" eight
// numbers and the result the crop's bytes. With {"op": "probe.picture"} in front, maps are of a picture of "width" x
// "height".
#include <algorithm>
#include <gantry/detect.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/npy.hpp"
#include "parity/probe_main.hpp"

namespace {

using namespace gantry;

Tensor load(const std::string& path) {
  return detail::parse_npy(read_file(path).value()).value();
}

Image image_of(const Tensor& pixels) {
  const std::int64_t height = pixels.shape()[0], width = pixels.shape()[1], channels = pixels.shape()[2];
  Image image = Image::make(width, height,
                            channels == 1   ? Colour::kGray
                            : channels == 3 ? Colour::kRgb
                                            : Colour::kRgba)
                    .value();
  const auto values = pixels.values<std::uint8_t>().value();
  for (std::int64_t y = 0; y < height; ++y)
    std::copy_n(values.data() + y * width * channels, width * channels, image.mutable_row(y));
  return image;
}

Result<Tensor> array_of(const Quads& quads) {
  std::vector<float> values;
  for (const FoundQuad& one : quads) {
    for (const Quad::Corner& corner : one.quad.corners) values.insert(values.end(), {corner.x, corner.y});
    values.push_back(one.score);
  }
  return Tensor::from<float>(Span<const float>(values), {static_cast<std::int64_t>(quads.size()), 9});
}

Result<Tensor> array_of(const std::vector<Image>& crops) {
  if (crops.size() != 1) return Error(ErrorCode::kInternal, "there are " + std::to_string(crops.size()) + " crops");
  const Image& crop = crops[0];
  const auto channels = static_cast<std::int64_t>(crop.channels());
  std::vector<std::uint8_t> values;
  for (std::int64_t y = 0; y < crop.height(); ++y)
    values.insert(values.end(), crop.row(y), crop.row(y) + crop.width() * channels);
  return Tensor::from<std::uint8_t>(Span<const std::uint8_t>(values), {crop.height(), crop.width(), channels});
}

/// The ops, and one in place of what comes before a model: says of which picture a map is, which is as large as it.
Registry make_registry() {
  Registry registry = Registry::builtin();
  registry.add<Tensor, Tensor>("probe.picture", [](ParamReader& params) {
    const std::int64_t width = params.integer("width"), height = params.integer("height");
    return stage("probe.picture", [width, height](const Tensor& map, const CallContext& call) {
      Frame frame = Frame::of(width, height);
      frame.x = frame.x.scaled(static_cast<double>(map.shape()[1]) / static_cast<double>(width));
      frame.y = frame.y.scaled(static_cast<double>(map.shape()[0]) / static_cast<double>(height));
      call.set_frame(frame);
      return map;
    });
  });
  return registry;
}

template <class Out, class In>
Result<Bytes> run(const nlohmann::json& ops, In input) {
  static const Registry registry = make_registry();
  auto output = test::run_ops<In, Out>(ops, registry, std::move(input));
  if (!output) return std::move(output).error();
  auto array = array_of(*output);
  if (!array) return std::move(array).error();
  return detail::to_npy(*array);
}

Result<Bytes> dispatch(const nlohmann::json& test) {
  const nlohmann::json& ops = test.at("ops");
  if (test.contains("map")) return run<Quads>(ops, load(test.at("map")));
  FoundQuad found;
  for (std::size_t i = 0; i < 8; ++i)
    (i % 2 == 0 ? found.quad.corners[i / 2].x : found.quad.corners[i / 2].y) = test.at("quad").at(i).get<float>();
  return run<std::vector<Image>>(ops, std::tuple(image_of(load(test.at("image"))), Quads({found})));
}

}  // namespace

int main(int argc, char** argv) {
  return gantry::test::probe_main(argc, argv, dispatch);
}

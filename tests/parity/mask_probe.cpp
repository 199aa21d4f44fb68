// SPDX-License-Identifier: Apache-2.0
// Runs ops that make masks or labels over tensors, for comparison with the Python stack:
//
//   mask_probe CASES.json
//
// CASES is a list of {"ops", "tensors", "gives", "out"}: "tensors" a list of {"name", "file"}, .npy files; "gives" is
// "masks", "tensor", "image", or "json", the masks in JSON as an array of u8. {"op": "probe.image"} makes an image of
// the tensor "image", u8[height, width, channels]. With {"op": "probe.frame"} in front they are of a
// picture of "width" x "height", in pixels where "x" and "y" ([gain, offset]) and "turned" say it is. The result is
// written as an .npy array; an error as OUT with ".error" behind it.
#include <gantry/detect.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <gantry/segmentation.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "model/npy.hpp"
#include "parity/probe_main.hpp"

namespace {

using namespace gantry;

FrameAxis axis_of(const std::vector<double>& numbers) {
  return {numbers.at(0), numbers.at(1)};
}

/// The ops, and one in place of what comes before a model.
Registry make_registry() {
  Registry registry = Registry::builtin();
  registry.add<Tensors, Tensors>("probe.frame", [](ParamReader& params) {
    Frame frame = Frame::of(params.integer("width"), params.integer("height"));
    frame.x = axis_of(params.numbers("x"));
    frame.y = axis_of(params.numbers("y"));
    frame.is_turned = params.boolean("turned");
    return stage("probe.frame", [frame](const Tensors& tensors, const CallContext& call) {
      call.set_frame(frame);
      return tensors;
    });
  });
  registry.add<Tensors, Image>("probe.image", [](ParamReader&) {
    return stage("probe.image", [](const Tensors& tensors) -> Result<Image> {
      const Tensor& pixels = *tensors.find("image");
      const std::int64_t channels = pixels.shape()[2];
      return Image::from(pixels, channels == 1 ? Colour::kGray : channels == 3 ? Colour::kRgb : Colour::kRgba);
    });
  });
  return registry;
}

template <class Out>
Result<Out> run(const nlohmann::json& ops, Tensors input) {
  static const Registry registry = make_registry();
  return test::run_ops<Tensors, Out>(ops, registry, std::move(input));
}

Result<Bytes> json_bytes(Masks masks) {
  const std::string text = Registry::builtin().codecs().to_json(Payload::from(std::move(masks))).value();
  const Span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return detail::to_npy(Tensor::from<std::uint8_t>(bytes, {static_cast<std::int64_t>(text.size())}).value());
}

Result<Bytes> dispatch(const nlohmann::json& test) {
  Tensors tensors;
  for (const nlohmann::json& item : test.at("tensors")) {
    auto file = read_file(item.at("file").get<std::string>());
    if (!file) return std::move(file).error();
    auto tensor = detail::parse_npy(*file);
    if (!tensor) return std::move(tensor).error();
    tensors.add(item.at("name").get<std::string>(), *std::move(tensor));
  }
  if (test.at("gives") == "tensor") {
    auto tensor = run<Tensor>(test.at("ops"), std::move(tensors));
    return tensor ? detail::to_npy(*tensor) : std::move(tensor).error();
  }
  if (test.at("gives") == "image") {
    auto image = run<Image>(test.at("ops"), std::move(tensors));
    return image ? detail::to_npy(image->pixels()) : std::move(image).error();
  }
  auto masks = run<Masks>(test.at("ops"), std::move(tensors));
  if (!masks) return std::move(masks).error();
  if (test.at("gives") == "json") return json_bytes(*std::move(masks));
  return Registry::builtin().codecs().to_npy(Payload::from(*std::move(masks)));
}

}  // namespace

int main(int argc, char** argv) {
  return gantry::test::probe_main(argc, argv, dispatch);
}

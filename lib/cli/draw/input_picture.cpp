// SPDX-License-Identifier: Apache-2.0
#include "cli/draw/input_picture.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/load_input.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// The options of the first image.decode; nullptr if there is none.
const image::Decode* find_decode(const detail::Node& node) {
  if (node.kind == "image.decode") return node.params.as<image::Decode>();
  for (const detail::Branch& branch : node.branches)
    if (const image::Decode* found = find_decode(*branch.node)) return found;
  return nullptr;
}

/// Orientation and tolerance as in the pipeline; always in RGB and at full size.
image::Decode decode_for(const AnyPipeline& pipeline) {
  const image::Decode* const own = find_decode(pipeline.core()->root());
  image::Decode decode = own != nullptr ? *own : image::Decode();
  decode.colour = image::ColourMode::kRgb;
  decode.approx_size = 0;
  return decode;
}

/// Adds the frame of the call.
Stage<Image, PlacedPicture> place() {
  return stage("place", [](const Image& image, const CallContext& call) -> Result<PlacedPicture> {
    const Frame* const frame = call.frame();
    return PlacedPicture{image, frame != nullptr ? *frame : Frame::of(image.width(), image.height())};
  });
}

struct Size {
  std::int64_t width = 0;
  std::int64_t height = 0;
};

/// Never 0, even for a long strip.
Size fitted(Size picture, std::int64_t width, std::int64_t height) {
  const double scale = std::min(static_cast<double>(width) / static_cast<double>(picture.width),
                                static_cast<double>(height) / static_cast<double>(picture.height));
  const auto side = [&](std::int64_t own, std::int64_t most) {
    return std::clamp<std::int64_t>(std::llround(static_cast<double>(own) * scale), 1, most);
  };
  return {side(picture.width, width), side(picture.height, height)};
}

/// The size after decode().
Result<Size> size_of(const Bytes& file, bool is_turned_upright) {
  GANTRY_ASSIGN_OR_RETURN(const auto header, image::probe_header(file));
  const bool is_on_its_side = is_turned_upright && header.orientation >= 5;
  return is_on_its_side ? Size{header.height, header.width} : Size{header.width, header.height};
}

template <class In>
Result<PlacedPicture> run(const Stage<In, PlacedPicture>& chain, const Runtime& runtime, In input) {
  GANTRY_ASSIGN_OR_RETURN(auto pipeline, compile(chain, runtime));
  return pipeline.run(std::move(input));
}

}  // namespace

Result<InputPictures> InputPictures::of(const AnyPipeline& pipeline, const Runtime& runtime) {
  const Span<const Port> inputs = pipeline.inputs();
  if (inputs.size() == 1 && (inputs[0].type.is<Bytes>() || inputs[0].type.is<Image>()))
    return InputPictures(pipeline, runtime, decode_for(pipeline));
  std::string taken;
  for (const Port& port : inputs) taken += (taken.empty() ? "" : ", ") + port.type.name();
  return Error(ErrorCode::kInvalidArgument, "--draw: there is no picture to draw on; the pipeline takes " + taken);
}

bool InputPictures::takes_files() const {
  return pipeline_.inputs()[0].type.is<Bytes>();
}

Result<Image> InputPictures::load_image(const std::string& argument) const {
  GANTRY_ASSIGN_OR_RETURN(auto payload, load_input(pipeline_, argument));
  return std::move(payload).as<Image>();
}

Result<PlacedPicture> InputPictures::whole(const std::string& argument) const {
  if (takes_files()) {
    GANTRY_ASSIGN_OR_RETURN(auto file, read_file(argument));
    return run(image::decode(decode_) | place(), runtime_, std::move(file));
  }
  GANTRY_ASSIGN_OR_RETURN(auto image, load_image(argument));
  return run(image::to_rgb() | place(), runtime_, std::move(image));
}

Result<PlacedPicture> InputPictures::within(const std::string& argument, std::int64_t width,
                                            std::int64_t height) const {
  if (takes_files()) {
    GANTRY_ASSIGN_OR_RETURN(auto file, read_file(argument));
    GANTRY_ASSIGN_OR_RETURN(const auto size, size_of(file, decode_.exif_orientation));
    const Size small = fitted(size, width, height);
    image::Decode decode = decode_;
    decode.approx_size =
        2 * std::max(width, height);  // the detail that libjpeg drops would be lost in the resize anyway
    return run(image::decode(decode) | image::resize(small.width, small.height) | place(), runtime_, std::move(file));
  }
  GANTRY_ASSIGN_OR_RETURN(auto image, load_image(argument));
  const Size small = fitted({image.width(), image.height()}, width, height);
  return run(image::to_rgb() | image::resize(small.width, small.height) | place(), runtime_, std::move(image));
}

}  // namespace gantry::inline GANTRY_ABI::cli

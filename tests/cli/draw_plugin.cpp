// SPDX-License-Identifier: Apache-2.0
// In place of a detector: an op that finds what is bright, in the pixels of the picture that it is given or was made
// of.
#include <algorithm>
#include <gantry/detect/detections.hpp>
#include <gantry/image.hpp>
#include <gantry/plugin.hpp>
#include <string>

namespace {

using namespace gantry;

constexpr std::uint8_t kBright = 200;

Result<Detections> find_bright(const Image& image, const CallContext& call) {
  std::int64_t left = image.width(), top = image.height(), right = 0, bottom = 0;
  for (std::int64_t y = 0; y < image.height(); ++y)
    for (std::int64_t x = 0; x < image.width(); ++x)
      if (image.row(y)[x * static_cast<std::int64_t>(image.channels())] >= kBright) {
        left = std::min(left, x), right = std::max(right, x + 1);
        top = std::min(top, y), bottom = std::max(bottom, y + 1);
      }
  if (left >= right) return Detections();
  const Frame frame = call.frame() != nullptr ? *call.frame() : Frame::of(image.width(), image.height());
  const auto back = [](const FrameAxis& axis, std::int64_t now) {
    return static_cast<float>(axis.back(static_cast<double>(now)));
  };
  const Box box = {back(frame.x, left), back(frame.y, top), back(frame.x, right), back(frame.y, bottom)};
  return Detections({{1, "bright", 0.75f, box, {}}});
}

/// As far as these tests read it.
Codec<Detections> detections_codec() {
  Codec<Detections> codec;
  codec.name = "detections";
  codec.write_json = [](const Detections& all, JsonWriter& json) {
    json.begin_list();
    for (const Detection& found : all) {
      json.begin_object().field("label", found.label).field("score", found.score);
      const float box[] = {found.box.x0, found.box.y0, found.box.x1, found.box.y1};
      json.key("box").begin_list();
      for (const float corner : box) json.value(corner);
      json.end_list().end_object();
    }
    json.end_list();
  };
  return codec;
}

}  // namespace

GANTRY_PLUGIN(registry) {
  registry.add<Image, Detections>("test.bright", [](ParamReader&) { return stage("test.bright", find_bright); });
  if (registry.codecs().name_of(PayloadType::of<Detections>()).empty()) registry.add_codec(detections_codec());
}

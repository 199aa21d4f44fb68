// SPDX-License-Identifier: Apache-2.0
// Registers the ops on quads.
#include <gantry/detect/crop_quads.hpp>
#include <gantry/detect/db.hpp>
#include <gantry/detect/draw_quads.hpp>
#include <gantry/registry.hpp>
#include <tuple>
#include <vector>

#include "ops/detect/draw_sizes.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<Tensor, Quads> read_db(ParamReader& params) {
  detect::Db options;
  options.threshold = static_cast<float>(params.number("threshold"));
  options.dilate = params.boolean("dilate");
  options.box_threshold = params.number("box_threshold");
  options.unclip_ratio = params.number("unclip_ratio");
  options.min_side = params.number("min_side");
  options.max_candidates = params.integer("max_candidates");
  return detect::db(options);
}

OpDescription db_description() {
  return {
      .summary =
          "finds lines of text in the map of probabilities of a DB text detector: a rectangle at any angle around "
          "each outline of what is above the threshold",
      .input = "f32[h, w] or f32[1, h, w]",
      .parameters =
          {OpParameter::number("threshold", "values above it are text").at_least(0).at_most(1).by_default(0.3),
           OpParameter::boolean("dilate", "text grows by a pixel to the right and downwards").by_default(true),
           OpParameter::number("box_threshold", "the least mean within a box").at_least(0).at_most(1).by_default(0.5),
           OpParameter::number("unclip_ratio", "boxes grow by area * this / perimeter")
               .at_least(0.5)
               .at_most(16)
               .by_default(1.6),
           OpParameter::number("min_side", "the least side of a box in pixels; 2 more once it has grown")
               .at_least(1)
               .at_most(1024)
               .by_default(3),
           OpParameter::integer("max_candidates", 1, kMaxK, "how many outlines are looked at, from the map's end")
               .by_default(1000)},
      .reference = "PaddleOCR: `DBPostProcess`, score_mode fast, with RapidOCR's defaults; OpenCV 5 and pyclipper",
      .tolerance = "corners exact, scores 1e-6",
      .example = R"({"op": "detect.db", "threshold": 0.3, "box_threshold": 0.6, "unclip_ratio": 1.5})"};
}

Stage<Quads, Quads> read_quads_to_picture(ParamReader& params) {
  detect::QuadsToPicture options;
  options.round = params.boolean("round");
  options.clip = params.boolean("clip");
  options.min_side = params.number("min_side");
  return detect::quads_to_picture(options);
}

OpDescription quads_to_picture_description() {
  return {.summary = "gives quads in the picture's own pixels: what image ops did is undone",
          .parameters = {OpParameter::boolean("round", "to whole pixels, halves to even ones").by_default(false),
                         OpParameter::boolean("clip", "cuts corners off at the picture's edges").by_default(true),
                         OpParameter::number("min_side", "quads with a shorter top or left side are dropped; pixels")
                             .at_least(0)
                             .by_default(0)},
          .reference = "PaddleOCR: the end of `boxes_from_bitmap`, for any image ops",
          .tolerance = "exact",
          .example = R"({"op": "detect.quads_to_picture", "round": true, "min_side": 4})"};
}

Stage<std::tuple<Image, Quads>, std::vector<Image>> read_crop_quads(ParamReader& params) {
  detect::CropQuads options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.turn_from = params.number("turn_from");
  options.max_pixels = params.integer("max_pixels");
  options.bad = static_cast<detect::BadQuad>(params.choice("bad"));
  return detect::crop_quads(options);
}

OpDescription crop_quads_description() {
  return {.summary = "cuts quads out of the image, each stretched to a rectangle",
          .input = "quads in the picture's own pixels",
          .parameters =
              {OpParameter::integer("width", 0, kMaxSide, "of each crop; 0: the quad's own").by_default(0),
               OpParameter::integer("height", 0, kMaxSide, "of each crop; 0: the quad's own").by_default(0),
               OpParameter::number(
                   "turn_from", "crops at least this many times as high as wide are turned counterclockwise; 0: none")
                   .at_least(0)
                   .by_default(1.5),
               OpParameter::integer("max_pixels", 1, kMaxImageSize, "of a crop; more are refused").by_default(1 << 24),
               OpParameter::choice("bad", {"refuse", "skip"},
                                   "quads that are not convex, or less than a pixel wide or high")
                   .by_default("refuse")},
          .reference = "PaddleOCR: `get_rotate_crop_image`; OpenCV 5: `warpPerspective`, cubic, edges repeated",
          .tolerance = "1 in at most 2 % of the bytes, or in four",
          .example = R"({"op": "detect.crop_quads"})"};
}

Stage<std::tuple<Image, Quads>, Image> read_draw_quads(ParamReader& params) {
  detect::DrawQuads options;
  options.line_width = params.integer("line_width");
  return detect::draw_quads(options);
}

OpDescription draw_quads_description() {
  return {.summary =
              "draws lines around quads on a copy of the picture, for people to look at; quads are in pixels of "
              "this image",
          .output = "RGB",
          .parameters = {OpParameter::integer("line_width", 0, kMaxLineWidth, "in pixels; 0: by the picture's size")
                             .by_default(0)},
          .reference = "none, so golden cases do not hold it",
          .tolerance = "none",
          .example = R"({"op": "detect.draw_quads", "line_width": 3})"};
}

}  // namespace

void add_quad_ops(Registry& registry) {
  registry.add<Tensor, Quads>("detect.db", read_db, db_description);
  registry.add<Quads, Quads>("detect.quads_to_picture", read_quads_to_picture, quads_to_picture_description);
  registry.add<std::tuple<Image, Quads>, std::vector<Image>>("detect.crop_quads", read_crop_quads,
                                                             crop_quads_description);
  registry.add<std::tuple<Image, Quads>, Image>("detect.draw_quads", read_draw_quads, draw_quads_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail

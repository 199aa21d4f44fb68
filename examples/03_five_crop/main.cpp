// SPDX-License-Identifier: Apache-2.0
// Where in the picture is what? Classifies the four corners and the centre of a photo in one engine call, classifies
// the whole picture, and joins the answers: 03_five_crop PACKAGE PHOTO
//
//   decode | when(gray, as RGB, as it is) | fork( resize, five crops, each(classify)   -> list of five Classes
//                                                 resize, centre,     classify         -> Classes ) | join -> Report
#include <cstdio>
#include <gantry/gantry.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace g = gantry;

/// The pipeline's output. Any movable type may be a stage's output.
struct Report {
  std::vector<g::Classes> crops;  // top left, top right, bottom left, bottom right, centre
  g::Classes whole;
  int agreeing = 0;  // crops whose best class is the whole picture's best class
};

/// Copies one channel to three.
g::Result<g::Image> gray_to_rgb(const g::Image& gray) {
  auto rgb = g::Image::make(gray.width(), gray.height(), g::Colour::kRgb);
  if (!rgb) return rgb.error();
  for (std::int64_t y = 0; y < gray.height(); ++y)
    for (std::int64_t x = 0; x < gray.width(); ++x)
      for (std::int64_t channel = 0; channel < 3; ++channel) rgb->mutable_row(y)[3 * x + channel] = gray.row(y)[x];
  return rgb;
}

Report join(std::tuple<std::vector<g::Classes>, g::Classes> both) {
  Report report;
  report.crops = std::move(std::get<0>(both));
  report.whole = std::move(std::get<1>(both));
  for (const g::Classes& crop : report.crops) report.agreeing += crop[0].index == report.whole[0].index;
  return report;
}

auto make_chain(const g::Model& model, const g::Labels& labels) {
  using g::image::Filter;
  g::image::Decode unchanged;
  unchanged.colour = g::image::ColourMode::kUnchanged;  // the default kRgb would convert gray to RGB itself
  const auto classify =
      g::image::to_tensor(g::image::affine(127, 128)) | model.stage() | g::softmax() | g::top_k(3, labels);
  const auto as_it_is = g::stage("as_it_is", [](g::Image image) { return image; });
  // The crops come from twice the size the model takes; `each` sends all five through the model as one batch.
  const auto parts = g::image::resize_short(448, Filter::kBicubic) | g::image::five_crop(224) | g::each(classify);
  const auto whole = g::image::resize_short(256, Filter::kBicubic) | g::image::center_crop(224) | classify;
  return g::image::decode(unchanged) | g::when(g::image::is_gray(), g::stage("gray_to_rgb", &gray_to_rgb), as_it_is) |
         g::fork(parts, whole) | g::stage("join", &join);
}

void print(const char* place, const g::Classes& classes) {
  std::printf("%-14s", place);
  for (const g::Class& c : classes) std::printf("%6.2f %%  %-24s", 100 * c.score, c.label.c_str());
  std::printf("\n");
}

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO\n", argv[0]), 64;
  const std::string package = argv[1];
  const auto signature = g::Signature::parse("image:f32[batch,3,224,224]", "logits:f32[batch,1000]").value();
  g::ModelOptions options;
  options.merge = g::Merge::kAssume;  // this network treats each picture independently, as the package proves
  const auto model = g::libtorch::load(package + "/model.ts", signature, options).value();
  const auto labels = g::Labels::load(package + "/labels.txt").value();

  const g::Pipeline<g::Bytes, Report> pipeline = g::compile(make_chain(model, labels)).value();
  const Report report = pipeline.run(g::read_file(argv[2]).value()).value();

  const char* const places[] = {"top left", "top right", "bottom left", "bottom right", "centre"};
  for (std::size_t i = 0; i < report.crops.size(); ++i) print(places[i], report.crops[i]);
  print("whole picture", report.whole);
  std::printf("%d of 5 crops agree with the whole picture\n\n%s", report.agreeing, pipeline.explain().c_str());
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

// SPDX-License-Identifier: Apache-2.0
// A custom stage, used from C++ and from a config, and its errors: 02_custom_stage PACKAGE PHOTO
// The stage is in auto_exposure.hpp. PACKAGE lends its model file and labels (examples/models/efficientnet_lite0.py).
#include <cstdio>
#include <gantry/gantry.hpp>
#include <string>

#include "auto_exposure.hpp"

namespace g = gantry;

using Classify = g::Pipeline<g::Bytes, g::Classes>;

constexpr double kTarget = 118;

Classify from_cpp(const g::Model& model, const g::Labels& labels) {
  auto chain = g::image::decode() | acme::auto_exposure(kTarget) |
               g::image::resize_short(256, g::image::Filter::kBicubic) | g::image::center_crop(224) |
               g::image::to_tensor(g::image::affine(127, 128)) | model.stage() | g::softmax() | g::top_k(5, labels);
  g::CompileOptions options;
  options.name = "exposure";
  return g::compile(chain, options).value();
}

g::Result<Classify> from_config(const std::string& target, const g::Model& model, const std::string& package) {
  const std::string config = R"([
    {"op": "image.decode"},
    {"op": "acme.auto_exposure", "target": )" +
                             target + R"(},
    {"op": "image.resize_short", "size": 256, "filter": "bicubic"},
    {"op": "image.center_crop", "size": 224},
    {"op": "image.to_tensor", "mode": "affine", "mean": 127, "std": 128},
    {"op": "model"},
    {"op": "softmax"},
    {"op": "top_k", "k": 5, "labels": "labels.txt"}
  ])";
  g::Registry registry = g::Registry::builtin();
  acme::add_ops(registry);  // a package may use the op too: OpenOptions::registry = registry
  g::ConfigContext context;
  context.models.emplace("net", model);
  context.files = [package](const std::string& name) { return g::read_file(package + "/" + name); };
  auto chain = g::parse_stages<g::Bytes, g::Classes>(config, registry, context);
  if (!chain) return chain.error();
  return g::compile(*chain);
}

bool are_equal(const g::Classes& a, const g::Classes& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a.size() != b.size() || a[i].label != b[i].label || a[i].score != b[i].score) return false;
  return true;
}

/// A PNG of one black pixel.
g::Bytes black_picture() {
  static const unsigned char png[] = {
      0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,  'I',  'H',  'D',  'R',  0,
      0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,    0,   0x3a, 0x7e, 0x9b, 0x55, 0,
      0,    0,    10,   'I',  'D',  'A',  'T',  0x78, 0x9c, 0x63, 0x60, 0,   0,    0,    2,    0,    1,
      0x48, 0xaf, 0xa4, 0x71, 0,    0,    0,    0,    'I',  'E',  'N',  'D', 0xae, 0x42, 0x60, 0x82};
  return g::Bytes::copy(png, sizeof png);
}

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO\n", argv[0]), 64;
  const std::string package = argv[1];
  const auto signature = g::Signature::parse("image:f32[batch,3,224,224]", "logits:f32[batch,1000]").value();
  const auto model = g::libtorch::load(package + "/model.ts", signature).value();
  const auto photo = g::read_file(argv[2]).value();

  const auto pipeline = from_cpp(model, g::Labels::load(package + "/labels.txt").value());
  const auto classes = pipeline.run(photo).value();
  for (const auto& c : classes) std::printf("%6.2f %%  %s\n", 100 * c.score, c.label.c_str());

  const auto configured = from_config("118", model, package).value();
  std::printf("the config gives the same: %s\n", are_equal(configured.run(photo).value(), classes) ? "yes" : "no");

  // A bad parameter is refused when the pipeline is built, a bad sample when it is run; both errors say where.
  if (const auto impossible = from_config("999", model, package); !impossible)
    std::printf("refused: %s\n", impossible.error().to_string().c_str());
  if (const auto black = pipeline.run(black_picture()); !black)
    std::printf("refused: %s\n", black.error().to_string().c_str());

  // The plan: the image stages after the custom one run as one step; decoding is a step of its own.
  std::printf("\n%s", pipeline.explain().c_str());
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}

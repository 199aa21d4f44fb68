// SPDX-License-Identifier: Apache-2.0
#include "handwritten.hpp"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <spng.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace handwritten {
namespace {

constexpr int kShortSide = 256, kCrop = 224, kPrecisionBits = 22;

struct Picture {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
};

Picture decode(const std::string& png) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(0), &spng_ctx_free);
  spng_ihdr header;
  std::size_t size = 0;
  if (spng_set_png_buffer(context.get(), png.data(), png.size()) || spng_get_ihdr(context.get(), &header) ||
      spng_decoded_image_size(context.get(), SPNG_FMT_RGB8, &size))
    throw std::runtime_error("not a PNG");
  Picture picture{static_cast<int>(header.width), static_cast<int>(header.height), std::vector<std::uint8_t>(size)};
  if (spng_decode_image(context.get(), picture.rgb.data(), size, SPNG_FMT_RGB8, 0))
    throw std::runtime_error("corrupt PNG");
  return picture;
}

double bicubic(double x) {
  x = std::fabs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/// For one output position: its first input, and the weights in fixed point.
struct Tap {
  int first;
  std::vector<int> weights;
};

std::vector<Tap> make_taps(int in, int out) {
  const double scale = static_cast<double>(in) / out, stretch = std::max(scale, 1.0), support = 2 * stretch;
  std::vector<Tap> taps(static_cast<std::size_t>(out));
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int last = std::min(in, static_cast<int>(centre + support + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int x = first; x < last; ++x) {
      weights.push_back(bicubic((x - centre + 0.5) * (1.0 / stretch)));
      sum += weights.back();
    }
    Tap& tap = taps[static_cast<std::size_t>(i)];
    tap.first = first;
    for (double weight : weights) {
      weight = weight / sum * (1 << kPrecisionBits);
      tap.weights.push_back(static_cast<int>(weight < 0 ? weight - 0.5 : weight + 0.5));
    }
  }
  return taps;
}

std::uint8_t clip(int sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

/// Rows first, then columns, as Pillow does.
Picture resize(const Picture& from, int width, int height) {
  const auto across = make_taps(from.width, width);
  const auto down = make_taps(from.height, height);
  Picture wide{width, from.height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * from.height * 3))};
  for (int y = 0; y < from.height; ++y)
    for (int x = 0; x < width; ++x) {
      const Tap& tap = across[static_cast<std::size_t>(x)];
      const std::uint8_t* in = from.rgb.data() + (y * from.width + tap.first) * 3;
      int sums[3] = {1 << (kPrecisionBits - 1), 1 << (kPrecisionBits - 1), 1 << (kPrecisionBits - 1)};
      for (const int weight : tap.weights)
        for (int& sum : sums) sum += weight * *in++;
      std::transform(sums, sums + 3, wide.rgb.data() + (y * width + x) * 3, &clip);
    }
  Picture result{width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3))};
  std::vector<int> sums(static_cast<std::size_t>(width * 3));
  for (int y = 0; y < height; ++y) {
    const Tap& tap = down[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 1 << (kPrecisionBits - 1));
    const std::uint8_t* in = wide.rgb.data() + tap.first * width * 3;
    for (const int weight : tap.weights)
      for (int& sum : sums) sum += weight * *in++;
    std::transform(sums.begin(), sums.end(), result.rgb.data() + y * width * 3, &clip);
  }
  return result;
}

/// The centre, rounded half to even as Python does, as f32[1, 3, 224, 224] of (u8 - 127) / 128.
at::Tensor to_tensor(const Picture& picture) {
  const int left = static_cast<int>(std::nearbyint((picture.width - kCrop) / 2.0));
  const int top = static_cast<int>(std::nearbyint((picture.height - kCrop) / 2.0));
  at::Tensor tensor = at::empty({1, 3, kCrop, kCrop});
  float* out = tensor.mutable_data_ptr<float>();
  for (int channel = 0; channel < 3; ++channel)
    for (int y = 0; y < kCrop; ++y) {
      const std::uint8_t* in = picture.rgb.data() + ((top + y) * picture.width + left) * 3 + channel;
      for (int x = 0; x < kCrop; ++x) *out++ = (static_cast<float>(in[3 * x]) - 127) / 128;
    }
  return tensor;
}

}  // namespace

struct Classifier::State {
  mutable torch::jit::Module module;
  std::vector<std::string> labels;
};

Classifier::Classifier(const std::string& model_path, const std::string& labels_path) : state_(new State) {
  at::set_num_threads(1);  // like gantry's engine
  const c10::InferenceMode inference;
  state_->module = torch::jit::load(model_path);
  state_->module.eval();
  if (state_->module.hasattr("training")) state_->module = torch::jit::freeze(state_->module);
  std::ifstream labels(labels_path);
  for (std::string line; std::getline(labels, line);) state_->labels.push_back(line);
  for (int run = 0; run < 3; ++run) state_->module.forward({at::zeros({1, 3, kCrop, kCrop})});
}

Classifier::~Classifier() = default;

std::vector<Scored> Classifier::classify(const std::string& png) const {
  const c10::InferenceMode inference;
  const Picture picture = decode(png);
  const bool is_wide = picture.width > picture.height;
  const int longer = static_cast<int>(static_cast<double>(kShortSide * std::max(picture.width, picture.height)) /
                                      std::min(picture.width, picture.height));
  const Picture small = resize(picture, is_wide ? longer : kShortSide, is_wide ? kShortSide : longer);
  const at::Tensor logits = state_->module.forward({to_tensor(small)}).toTensor();
  const auto [scores, indices] = logits.softmax(-1).topk(5);
  std::vector<Scored> best;
  for (std::int64_t i = 0; i < 5; ++i) {
    const auto index = indices[0][i].item<std::int64_t>();
    best.push_back({index, state_->labels.at(static_cast<std::size_t>(index)), scores[0][i].item<float>()});
  }
  return best;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace handwritten

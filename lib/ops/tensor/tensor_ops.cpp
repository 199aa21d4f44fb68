// SPDX-License-Identifier: Apache-2.0
// The ops on tensors by name.
#include <gantry/registry.hpp>
#include <gantry/tensor_ops.hpp>

#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::detail {
namespace {

constexpr const char* kPlanes = "f32[channels, height, width], or with n in front";

std::vector<OpParameter> side_parameters(const std::string& meaning) {
  return {OpParameter::integer("width", 1, kMaxSide, meaning), OpParameter::integer("height", 1, kMaxSide, meaning)};
}

Stage<Tensor, Tensor> read_interpolate(ParamReader& params) {
  Interpolate options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.mode = static_cast<Interpolation>(params.choice("mode"));
  options.antialias = params.boolean("antialias");
  options.align_corners = params.boolean("align_corners");
  return interpolate(options);
}

OpDescription interpolate_description() {
  std::vector<OpParameter> parameters = side_parameters("of the result");
  parameters.push_back(
      OpParameter::choice("mode", {"nearest", "nearest_exact", "bilinear", "bicubic"}, "").by_default("bilinear"));
  for (const char* name : {"antialias", "align_corners"})
    parameters.push_back(OpParameter::boolean(name, "not for the nearest modes").by_default(false));
  return {.summary = "makes planes of another size",
          .input = kPlanes,
          .parameters = std::move(parameters),
          .reference = "torch: `nn.functional.interpolate` on f32",
          .tolerance = "nearest: exact; the others 4e-5 of the largest value, on sides up to 256",
          .example = R"({"op": "interpolate", "width": 64, "height": 64, "mode": "bicubic"})",
          .domain = "tensor"};
}

Stage<Tensor, Tensor> read_normalize(ParamReader& params) {
  const std::vector<float> mean = params.floats("mean");
  return normalize(mean, params.floats("std"));
}

OpDescription normalize_description() {
  return {.summary = "subtracts a mean and divides by a deviation",
          .input = kPlanes,
          .parameters = {OpParameter::numbers("mean", {}, "one, or one per channel"),
                         OpParameter::numbers("std", {}, "one, or one per channel").not_zero()},
          .reference = "torchvision: `Normalize` on tensors",
          .tolerance = "exact",
          .example = R"({"op": "normalize", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]})",
          .domain = "tensor"};
}

Stage<Tensor, Tensor> read_pad_to(ParamReader& params) {
  const std::int64_t width = params.integer("width");
  const std::int64_t height = params.integer("height");
  return pad_to(width, height, static_cast<float>(params.number("value")));
}

OpDescription pad_to_description() {
  std::vector<OpParameter> parameters = side_parameters("no smaller than the tensor's");
  parameters.push_back(OpParameter::number("value", "what is put on the right and below").by_default(0));
  return {.summary = "makes planes larger, on the right and below",
          .input = kPlanes,
          .parameters = std::move(parameters),
          .reference = "transformers: `pad` behind `normalize`",
          .tolerance = "exact",
          .example = R"({"op": "pad_to", "width": 1024, "height": 1024})",
          .domain = "tensor"};
}

}  // namespace

void add_tensor_ops(Registry& registry) {
  registry.add<Tensor, Tensor>("interpolate", read_interpolate, interpolate_description());
  registry.add<Tensor, Tensor>("normalize", read_normalize, normalize_description());
  registry.add<Tensor, Tensor>("pad_to", read_pad_to, pad_to_description());
}

}  // namespace gantry::detail

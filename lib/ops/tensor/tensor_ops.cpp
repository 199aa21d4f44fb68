// SPDX-License-Identifier: Apache-2.0
// The ops on tensors by name.
#include <gantry/registry.hpp>
#include <gantry/tensor_ops.hpp>

#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr const char* kPlanes = "f32[channels, height, width], or with n in front";

OpParameter optional_side(const char* name, const std::string& meaning) {
  return OpParameter::integer(name, 1, kMaxSide, meaning).or_else("");
}

std::vector<OpParameter> optional_sides(const std::string& meaning) {
  return {optional_side("width", meaning), optional_side("height", meaning)};
}

/// True if the size is given as `width` and `height`, not by `others`. The error names others[0] if neither is given.
bool has_size(ParamReader& params, const std::vector<const char*>& others) {
  const bool has_sides = params.has("width") || params.has("height");
  bool has_others = false;
  for (const char* const other : others) has_others = has_others || params.has(other);
  if (has_sides && has_others) params.fail(others[0], "cannot be combined with width and height");
  if (!has_sides && !has_others)
    params.fail("width", std::string("is missing; give width and height, or ") + others[0]);
  return has_sides;
}

Stage<Tensor, Tensor> read_interpolate(ParamReader& params) {
  Interpolate options;
  if (has_size(params, {"min_size", "max_size"})) {
    options.width = params.integer("width");
    options.height = params.integer("height");
  } else {
    options.min_size = params.integer("min_size");
    options.max_size = params.integer("max_size");
  }
  options.mode = static_cast<Interpolation>(params.choice("mode"));
  options.antialias = params.boolean("antialias");
  options.align_corners = params.boolean("align_corners");
  return interpolate(options);
}

OpDescription interpolate_description() {
  std::vector<OpParameter> parameters = optional_sides("of the result");
  parameters.push_back(optional_side("min_size", "the shorter side becomes this, and the ratio is kept"));
  parameters.push_back(optional_side("max_size", "but the longer side at most this"));
  parameters.push_back(
      OpParameter::choice("mode", {"nearest", "nearest_exact", "bilinear", "bicubic"}, "").by_default("bilinear"));
  for (const char* name : {"antialias", "align_corners"})
    parameters.push_back(OpParameter::boolean(name, "not for the nearest modes").by_default(false));
  return {.summary = "makes planes of another size",
          .input = kPlanes,
          .parameters = std::move(parameters),
          .one_of = {{"width", "height"}, {"min_size", "max_size"}},
          .reference = "torch: `nn.functional.interpolate` on f32; min_size: torchvision's `GeneralizedRCNNTransform`",
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

Stage<Tensor, Tensor> read_tensor_pad_to(ParamReader& params) {
  if (!has_size(params, {"multiple"})) {
    const std::int64_t multiple = params.integer("multiple");
    return pad_to_multiple(multiple, static_cast<float>(params.number("value")));
  }
  const std::int64_t width = params.integer("width");
  const std::int64_t height = params.integer("height");
  return pad_to(width, height, static_cast<float>(params.number("value")));
}

OpDescription tensor_pad_to_description() {
  std::vector<OpParameter> parameters = optional_sides("no smaller than the tensor's");
  parameters.push_back(optional_side("multiple", "of which each side becomes the next"));
  parameters.push_back(OpParameter::number("value", "what is put on the right and below").by_default(0));
  return {.summary = "makes planes larger, on the right and below",
          .input = kPlanes,
          .parameters = std::move(parameters),
          .one_of = {{"width", "height"}, {"multiple"}},
          .reference = "transformers: `pad` behind `normalize`; multiple: torchvision's `batch_images`",
          .tolerance = "exact",
          .example = R"({"op": "pad_to", "width": 1024, "height": 1024})",
          .domain = "tensor"};
}

}  // namespace

void add_tensor_ops(Registry& registry) {
  registry.add<Tensor, Tensor>("interpolate", read_interpolate, interpolate_description);
  registry.add<Tensor, Tensor>("normalize", read_normalize, normalize_description);
  registry.add<Tensor, Tensor>("pad_to", read_tensor_pad_to, tensor_pad_to_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail

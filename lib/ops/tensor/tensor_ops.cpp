// SPDX-License-Identifier: Apache-2.0
// The ops on tensors by name.
#include <gantry/registry.hpp>
#include <gantry/tensor_ops.hpp>

#include "ops/ops.hpp"

namespace gantry::detail {
namespace {

Stage<Tensor, Tensor> read_interpolate(ParamReader& params) {
  Interpolate options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.mode = static_cast<Interpolation>(params.choice("mode", {"nearest", "nearest_exact", "bilinear", "bicubic"},
                                                          static_cast<std::size_t>(options.mode)));
  options.antialias = params.boolean("antialias", options.antialias);
  options.align_corners = params.boolean("align_corners", options.align_corners);
  return interpolate(options);
}

}  // namespace

void add_tensor_ops(Registry& registry) {
  registry.add<Tensor, Tensor>("interpolate", read_interpolate);
  registry.add<Tensor, Tensor>("normalize", [](ParamReader& params) {
    const std::vector<float> mean = params.floats("mean");
    return normalize(mean, params.floats("std"));
  });
  registry.add<Tensor, Tensor>("pad_to", [](ParamReader& params) {
    const std::int64_t width = params.integer("width");
    const std::int64_t height = params.integer("height");
    return pad_to(width, height, static_cast<float>(params.number("value", 0.0)));
  });
}

}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
// Parameters shared by several decoders: their descriptions, and how they are read.
#pragma once

#include <cstdint>
#include <gantry/detect/decoders.hpp>
#include <gantry/registry.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// Appends score, top and classes, with these defaults, to `own`. `top_of` ends the text of top: " of each level".
std::vector<OpParameter> with_candidates(std::vector<OpParameter> own, double score, std::int64_t top,
                                         const char* top_of = "");
detect::Candidates read_candidates(ParamReader& params);

/// The sides of the model's input, and the strides of the grid's levels.
std::vector<OpParameter> grid_parameters(std::vector<double> strides);
/// For heads whose classes follow other columns.
OpParameter multi_label_parameter(bool fallback);
OpParameter class_count_parameter();

/// Names a tensor.
OpParameter tensor_parameter(const char* name, const char* meaning);
/// The area that relative boxes refer to.
std::vector<OpParameter> picture_parameters();

OpParameter anchors_parameter();
std::optional<Tensor> read_anchors(ParamReader& params);
OpParameter levels_parameter();

/// One integer, or a list of at least one. Without the key: the default, or none if there is no default.
std::vector<std::int64_t> read_integers(ParamReader& params, const char* key, bool has_default);

}  // namespace gantry::inline GANTRY_ABI::detail

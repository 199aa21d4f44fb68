// SPDX-License-Identifier: Apache-2.0
// Parameters that several decoders have: what is said of them, and how they are read.
#pragma once

#include <cstdint>
#include <gantry/detect/decoders.hpp>
#include <gantry/registry.hpp>
#include <optional>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// `own`, then score, top and classes, with these defaults. `top_of`: what the best are of, " of each level".
std::vector<OpParameter> with_candidates(std::vector<OpParameter> own, double score, std::int64_t top,
                                         const char* top_of = "");
detect::Candidates read_candidates(ParamReader& params);

/// The sides of the model's input, and the strides of the grid's levels.
std::vector<OpParameter> grid_parameters(std::vector<double> strides);
/// Of a head with classes behind other columns.
OpParameter multi_label_parameter(bool fallback);
OpParameter class_count_parameter();

/// The names of tensors.
OpParameter tensor_parameter(const char* name, const char* meaning);
/// What boxes that are shares are of.
std::vector<OpParameter> picture_parameters();

OpParameter anchors_parameter();
std::optional<Tensor> read_anchors(ParamReader& params);
OpParameter levels_parameter();

/// A list of integers, or one, at least. Without the key: the default, or none where there is no default.
std::vector<std::int64_t> read_integers(ParamReader& params, const char* key, bool has_default);

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// One mask in JSON, as COCO writes it, and compared: {"size": [height, width], "counts": "..."}.
#pragma once

#include <gantry/json.hpp>
#include <gantry/json_writer.hpp>
#include <gantry/result.hpp>
#include <gantry/segment/masks.hpp>
#include <gantry/tensor.hpp>
#include <gantry/tolerance.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

void write_mask(const RunLengths& mask, JsonWriter& json);
/// The error is at the place of the mistake.
Result<RunLengths> read_mask(const JsonView& json);
/// By more pixels than the tolerance allows, as Masks says it: "3 of 40 pixels differ". nullopt: it does not.
std::optional<std::string> mask_difference(const RunLengths& expected, const RunLengths& got,
                                           const Tolerance& tolerance);
/// u8[n, height, width]; invalid_argument unless all masks have one size.
Result<Tensor> mask_planes(const std::vector<const RunLengths*>& masks);
/// "1920x1080, 40 pixels".
std::string mask_text(const RunLengths& mask);

}  // namespace gantry::inline GANTRY_ABI::detail

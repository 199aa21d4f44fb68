// SPDX-License-Identifier: Apache-2.0
// Reads, writes and compares one mask in JSON, as COCO writes it: {"size": [height, width], "counts": "..."}.
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
/// The error points at the mistake.
Result<RunLengths> read_mask(const JsonView& json);
/// How the masks differ by more pixels than the tolerance allows (see Masks); nullopt if they do not.
std::optional<std::string> mask_difference(const RunLengths& expected, const RunLengths& got,
                                           const Tolerance& tolerance);
/// u8[n, height, width]; invalid_argument unless all masks have one size.
Result<Tensor> mask_planes(const std::vector<const RunLengths*>& masks);
/// "1920x1080 with 40 pixels".
std::string mask_text(const RunLengths& mask);

}  // namespace gantry::inline GANTRY_ABI::detail

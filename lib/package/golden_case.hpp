// SPDX-License-Identifier: Apache-2.0
// Golden cases as gantry.json declares them: the input, what the Python stack had after some of the ops, and the
// result. golden_check.hpp runs them.
#pragma once

#include <gantry/tolerance.hpp>
#include <string>
#include <vector>

#include "core/json_object.hpp"
#include "package/golden_value.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// A value after one op, or the result.
struct GoldenBoundary {
  std::string at;  ///< "pipeline[3].do[1]"; empty for the result
  GoldenValue value;
  Tolerance tolerance;
};

struct GoldenCase {
  std::vector<GoldenValue> inputs;  ///< one, or one for each input that the manifest names, in its order
  std::vector<GoldenBoundary> stages;
  GoldenBoundary result;
};

/// From one item of the manifest's `golden`; `path` is its JSON path, `inputs` are the names of the pipeline's inputs,
/// if it has several. invalid_argument names the key.
Result<GoldenCase> parse_golden_case(const Json& value, const std::string& path,
                                     const std::vector<std::string>& inputs);

}  // namespace gantry::inline GANTRY_ABI::detail

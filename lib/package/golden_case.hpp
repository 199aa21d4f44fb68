// SPDX-License-Identifier: Apache-2.0
// Golden cases as declared in gantry.json: the input, the Python stack's values after some of the ops, and its result.
// golden_check.hpp runs them.
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
  std::vector<GoldenValue> inputs;  ///< one, or one per input of the manifest, in its order
  std::vector<GoldenBoundary> stages;
  GoldenBoundary result;
};

/// Parses one item of the manifest's `golden`. `path` is its JSON path; `inputs` are the names of the pipeline's inputs
/// if there are several. invalid_argument names the key.
Result<GoldenCase> parse_golden_case(const Json& value, const std::string& path,
                                     const std::vector<std::string>& inputs);

}  // namespace gantry::inline GANTRY_ABI::detail

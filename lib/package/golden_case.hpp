// SPDX-License-Identifier: Apache-2.0
// Golden cases as gantry.json declares them: what went in, what the Python stack had after some of the ops, what came
// out. golden_check.hpp runs them.
#pragma once

#include <cstdint>
#include <gantry/classify.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/json_object.hpp"
#include "core/tolerance.hpp"

namespace gantry::detail {

/// A recorded value, by reference to the package's files.
struct GoldenValue {
  enum class Kind : std::uint8_t { kFile, kNpy, kTensors, kClasses, kList, kTuple };
  Kind kind = Kind::kFile;
  std::string file;                                          ///< kFile, kNpy
  std::vector<std::pair<std::string, std::string>> tensors;  ///< kTensors: name, .npy file
  std::vector<Class> classes;                                ///< kClasses
  std::vector<GoldenValue> items;                            ///< kList, kTuple
};

/// A value after one op, or the result.
struct GoldenBoundary {
  std::string at;  ///< "pipeline[3].do[1]"; empty for the result
  GoldenValue value;
  Tolerance tolerance;
};

struct GoldenCase {
  GoldenValue input;
  std::vector<GoldenBoundary> stages;
  GoldenBoundary result;
};

/// From one item of the manifest's `golden`; `path` is its JSON path. invalid_argument names the key.
Result<GoldenCase> parse_golden_case(const Json& value, const std::string& path);

}  // namespace gantry::detail

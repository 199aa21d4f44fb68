// SPDX-License-Identifier: Apache-2.0
// Golden cases as gantry.json declares them: what went in, what the Python stack had after some of the ops, what came
// out. golden_check.hpp runs them.
#pragma once

#include <cstdint>
#include <gantry/classify.hpp>
#include <gantry/tolerance.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/json_object.hpp"
#include "package/golden_tensor.hpp"

namespace gantry::detail {

/// A recorded value, by reference to the package's files.
struct GoldenValue {
  enum class Kind : std::uint8_t { kFile, kTensor, kTensors, kClasses, kList, kTuple };
  Kind kind = Kind::kFile;
  std::string file;                                           ///< kFile
  GoldenTensor tensor;                                        ///< kTensor: a tensor, or an image
  std::vector<std::pair<std::string, GoldenTensor>> tensors;  ///< kTensors, by name
  std::vector<Class> classes;                                 ///< kClasses
  std::vector<GoldenValue> items;                             ///< kList, kTuple

  /// Calls `visit(tensor, JSON path)` for every tensor within.
  template <class Visit>
  Result<void> for_each_tensor(const std::string& path, Visit visit) const {
    if (kind == Kind::kTensor) return visit(tensor, path);
    for (const auto& [name, one] : tensors)
      if (Result<void> ok = visit(one, path + ".tensors." + name); !ok) return ok;
    const std::string list = path + (kind == Kind::kList ? ".list[" : ".tuple[");
    for (std::size_t i = 0; i < items.size(); ++i)
      if (Result<void> ok = items[i].for_each_tensor(list + std::to_string(i) + "]", visit); !ok) return ok;
    return {};
  }
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

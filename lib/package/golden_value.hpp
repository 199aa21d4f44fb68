// SPDX-License-Identifier: Apache-2.0
// Recorded values, as gantry.json declares them. golden_compare.hpp loads and compares them.
#pragma once

#include <cstdint>
#include <gantry/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/json_object.hpp"
#include "core/return_if_error.hpp"
#include "package/golden_tensor.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// A recorded value that refers to the package's files.
struct GoldenValue {
  enum class Form : std::uint8_t {
    kFile,     ///< {"file": path}: a codec decodes its bytes
    kTensor,   ///< {"npy": path}, {"digest": ...} or {"sample": ...}
    kTensors,  ///< {"tensors": {name: path, ...}}
    kJson,     ///< {"classes": [...]}: the codec of that name reads it
    kList,     ///< {"list": [value, ...]}
    kTuple,    ///< {"tuple": [value, ...]}
  };
  Form form = Form::kFile;
  std::string file;                                           ///< kFile
  GoldenTensor tensor;                                        ///< kTensor
  std::vector<std::pair<std::string, GoldenTensor>> tensors;  ///< kTensors, by name
  JsonView json;                                              ///< kJson: the object with the codec's name
  std::vector<GoldenValue> items;                             ///< kList, kTuple

  /// For messages: "a file", "an array", "'classes'".
  std::string description() const;

  /// Calls `visit(tensor, JSON path)` for every tensor in it.
  template <class Visit>
  Result<void> for_each_tensor(const std::string& path, Visit visit) const {
    if (form == Form::kTensor) return visit(tensor, path);
    for (const auto& [name, one] : tensors) GANTRY_RETURN_IF_ERROR(visit(one, path + ".tensors." + name));
    const std::string list = path + (form == Form::kList ? ".list[" : ".tuple[");
    for (std::size_t i = 0; i < items.size(); ++i)
      GANTRY_RETURN_IF_ERROR(items[i].for_each_tensor(list + std::to_string(i) + "]", visit));
    return {};
  }
  /// Calls `visit(name, JSON path)` for every file named in it.
  template <class Visit>
  Result<void> for_each_file(const std::string& path, Visit visit) const {
    if (form == Form::kFile) return visit(file, path + ".file");
    if (form == Form::kList || form == Form::kTuple) {
      const std::string list = path + (form == Form::kList ? ".list[" : ".tuple[");
      for (std::size_t i = 0; i < items.size(); ++i)
        GANTRY_RETURN_IF_ERROR(items[i].for_each_file(list + std::to_string(i) + "]", visit));
      return {};
    }
    return for_each_tensor(path, [&](const GoldenTensor& one, const std::string& at) -> Result<void> {
      if (one.form == GoldenTensor::Form::kDigest) return {};
      const bool is_sample = one.form == GoldenTensor::Form::kSample;
      // The JSON path of a named tensor stored as a whole is that of its name.
      return visit(one.file, at + (is_sample ? ".sample.npy" : form == Form::kTensors ? "" : ".npy"));
    });
  }
};

/// Parses a value of the manifest; `path` is its JSON path. invalid_argument names the key. The value of a codec's key
/// is parsed later, when the package's types are known.
Result<GoldenValue> parse_golden_value(const Json& json, const std::string& path);

}  // namespace gantry::inline GANTRY_ABI::detail

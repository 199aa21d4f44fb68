// SPDX-License-Identifier: Apache-2.0
// ModelEntry: an item of models{} of gantry.json: a model's inputs and outputs, and the ways to run it.
#pragma once

#include <gantry/padding.hpp>
#include <gantry/signature.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/json_object.hpp"
#include "package/engine_entry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct ModelEntry {
  std::string name;                  ///< ops refer to the model by it
  std::vector<EngineEntry> engines;  ///< in order of preference
  Signature signature;
  int max_batch = 16;
  std::optional<Padding> padding;

  /// The engine's kind, with the file if there are several of that kind: "aoti", "aoti (model-v3.pt2)".
  GANTRY_API std::string title_of(const EngineEntry& engine) const;
};

/// Parses the value of the manifest's models.NAME; `path` is its JSON path. invalid_argument names the key. Does not
/// check that the files are listed.
Result<ModelEntry> parse_model_entry(const std::string& name, const Json& json, const std::string& path);

}  // namespace gantry::inline GANTRY_ABI::detail

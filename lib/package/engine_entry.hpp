// SPDX-License-Identifier: Apache-2.0
// EngineEntry: an item of a model's engines[] in gantry.json: one way to run the model, and gantry-pack's measurements
// of it.
#pragma once

#include <cstdint>
#include <gantry/engine_options.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_object.hpp"
#include "package/golden_case.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The largest batch of an engine and of a merged call.
inline constexpr std::int64_t kMaxBatch = 65536;

/// gantry-pack's result about batches: whether each row's output equals the output of the row alone.
struct RowProof {
  bool independent = false;
  std::vector<std::int64_t> sizes;  ///< batch sizes that were compared; larger ones are not proven
  std::int64_t samples = 0;         ///< number of different samples that were compared
  Tolerance tolerance;
  std::string reason;  ///< why not independent: "batch of 16: output 'y', row 3: ..."
};

/// A file of the model.
struct EntryFile {
  std::string path;
  int batch = 0;  ///< the only batch size that it supports; 0: any
};

/// One way to run the model.
struct EngineEntry {
  std::string path;  ///< of the entry in gantry.json: "engines[0]"
  std::string kind;
  std::vector<EntryFile> files;        ///< one, or one for each batch size, ascending
  std::string device;                  ///< "any", "cpu" or "cuda"
  std::string precision;               ///< for people: "f32", "int8"; may be empty
  Json requirements = Json::object();  ///< for the engine's loader
  EngineOptions options;               ///< likewise
  std::optional<RowProof> rows;        ///< unset: not checked

  /// "model.ts", "model-1.pte, model-8.pte".
  GANTRY_API std::string file_names() const;
};

/// Names, versions and kinds: [a-z0-9][a-z0-9._-]*, at most 128 characters.
bool is_name(std::string_view text);
/// "must be lower-case letters, ...", for messages.
std::string what_a_name_is();
/// The name at `key`.
std::string read_name(JsonObject& object, const char* key);

/// Parses one item of a model's `engines`; `path` is its JSON path. invalid_argument names the key. Does not check that
/// the files are listed.
Result<EngineEntry> parse_engine_entry(const Json& json, const std::string& path);

}  // namespace gantry::inline GANTRY_ABI::detail

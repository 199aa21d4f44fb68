// SPDX-License-Identifier: Apache-2.0
// Manifest: gantry.json, read strictly. lib/model/manifest.schema.md says what each key means.
#pragma once

#include <cstdint>
#include <gantry/bytes.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "package/golden_case.hpp"
#include "package/model_entry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct FileEntry {
  std::int64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case hexadecimal digits
};

/// The data for the accuracy gate.
struct AccuracyFloor {
  std::string eval;
  std::string metric;
  double floor = 0;
};

struct Manifest {
  std::string name;
  std::string version;
  std::string created;
  std::vector<std::pair<std::string, std::string>> provenance;  ///< metrics as "metrics.top1"
  std::vector<ModelEntry> models;                               ///< by name; may be empty
  std::string pipeline;                                         ///< the list of ops, as JSON text
  std::vector<std::string> inputs;  ///< names of the pipeline's inputs; empty: one input without a name
  std::vector<GoldenCase> golden;
  std::optional<AccuracyFloor> accuracy;
  std::optional<double> latency_p99_ms;  ///< advisory
  std::string latency_at;
  std::map<std::string, FileEntry, std::less<>> files;  ///< by path

  /// "efficientnet-lite0 1".
  std::string title() const { return name + " " + version; }
  /// nullptr if there is no model of that name.
  GANTRY_API const ModelEntry* model(std::string_view name) const;
};

/// A relative path of plain parts: no "", ".", "..", backslash or control character.
bool is_safe_path(const std::string& path);

/// invalid_argument names the JSON path of the first mistake, including an engine, operator library or golden value
/// whose file is not listed; unsupported for another format. Does not check the pipeline's ops, which needs a Registry.
GANTRY_API Result<Manifest> parse_manifest(const Bytes& text);

}  // namespace gantry::inline GANTRY_ABI::detail

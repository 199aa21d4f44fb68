// SPDX-License-Identifier: Apache-2.0
// Manifest: gantry.json, read strictly. lib/model/manifest.schema.md says what each key means.
#pragma once

#include <cstdint>
#include <gantry/bytes.hpp>
#include <gantry/model_options.hpp>
#include <gantry/padding.hpp>
#include <gantry/signature.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "package/engine_entry.hpp"
#include "package/golden_case.hpp"

namespace gantry::detail {

struct FileEntry {
  std::int64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case hexadecimal digits
};

/// What the accuracy gate needs.
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
  std::vector<EngineEntry> engines;
  Signature signature;
  int max_batch = 16;
  std::optional<Padding> padding;
  std::map<std::string, ArgumentValue> arguments;  ///< of forward(), that are no tensors
  std::string pipeline;                            ///< the list of ops, as JSON text
  std::vector<GoldenCase> golden;
  std::optional<AccuracyFloor> accuracy;
  std::optional<double> latency_p99_ms;  ///< advisory
  std::string latency_at;
  std::map<std::string, FileEntry, std::less<>> files;  ///< by path

  /// "efficientnet-lite0 1".
  std::string title() const { return name + " " + version; }
  /// The engine's kind, with the file if there are several of that kind: "aoti", "aoti (model-v3.pt2)".
  GANTRY_API std::string title_of(const EngineEntry& engine) const;
};

/// A relative path of plain parts: no "", ".", "..", backslash or control character.
bool is_safe_path(const std::string& path);

/// invalid_argument with the JSON path of the first mistake, among them an engine, a library of operators or a golden
/// value whose file is not listed; unsupported for another format. The pipeline's ops are not looked into: that needs a
/// Registry.
GANTRY_API Result<Manifest> parse_manifest(const Bytes& text);

}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
// GoldenRecords: a directory that records which packages passed their golden cases on this machine, with which engines.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// The recorded result for a model.
struct RecordedModel {
  std::string name;
  std::size_t engine = 0;  ///< index of the engine that passed, in its `engines`
  std::size_t merged = 1;  ///< samples that may share an engine call
  std::string merging;     ///< Model::merging()
};

struct GoldenRecord {
  std::vector<RecordedModel> models;
  std::size_t cases = 0;

  const RecordedModel* model(const std::string& name) const;
};

/// One file for each identity (golden_identity.hpp: package, engines, options, versions and CPU). Files are written
/// atomically.
///
/// Ownership: owns the path.
/// Threads:   thread-safe, and between processes.
/// Errors:    see each function. A file that cannot be read as a record is ignored.
/// Cost:      a few system calls.
class GoldenRecords {
 public:
  /// Creates the directory, for this user alone, if its parent exists. failed_precondition if other users can write to
  /// it; not_found if it is not a directory.
  static Result<GoldenRecords> open(const std::string& directory);

  std::optional<GoldenRecord> find(const std::string& identity) const;
  Result<void> keep(const std::string& identity, const GoldenRecord& record) const;
  void forget(const std::string& identity) const;

 private:
  explicit GoldenRecords(std::string directory) : directory_(std::move(directory)) {}
  std::string path_of(const std::string& identity) const;

  std::string directory_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// GoldenRecords: a directory that remembers which packages passed their golden cases here, and with what.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

/// What was found of a model.
struct RecordedModel {
  std::string name;
  std::size_t engine = 0;  ///< the place in its `engines` of the one that passed
  std::size_t merged = 1;  ///< samples that may share an engine call
  std::string merging;     ///< Model::merging()
};

struct GoldenRecord {
  std::vector<RecordedModel> models;
  std::size_t cases = 0;

  const RecordedModel* model(const std::string& name) const;
};

/// One file for each identity: what the record counts for, package, engines, options, versions and CPU
/// (golden_identity.hpp). It appears whole or not at all.
///
/// Ownership: owns the path.
/// Threads:   thread-safe, and between processes.
/// Errors:    see each function. What cannot be read as a record counts as none.
/// Cost:      a few system calls.
class GoldenRecords {
 public:
  /// Makes the directory, for this user alone, if its parent is there. failed_precondition if others could write
  /// to it; not_found if it is none.
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

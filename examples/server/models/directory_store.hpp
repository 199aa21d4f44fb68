// SPDX-License-Identifier: Apache-2.0
// DirectoryStore: opens every package below a directory once, at start: <directory>/<name>/<version>/gantry.json.
#pragma once

#include <functional>
#include <gantry/engine_loader.hpp>
#include <gantry/package.hpp>
#include <map>
#include <string>
#include <vector>

#include "model_store.hpp"

namespace gantry_server {

struct DirectoryOptions {
  std::string directory;
  gantry::EngineList engines;
  gantry::OpenOptions open;
  std::size_t max_samples = 1024;  ///< of one request
  /// The server starts although a package cannot be opened; the model is listed with the reason, and requests for it
  /// get 503.
  bool allow_failed = false;
};

/// Threads: immutable after open().
class DirectoryStore final : public ModelStore {
 public:
  /// Opens the packages one after the other, and tells `progress` of each. Errors: not_found without a package;
  /// invalid_argument if a directory's names are not those of its manifest; and open()'s, unless failures are allowed.
  static gantry::Result<std::shared_ptr<DirectoryStore>> open(const DirectoryOptions& options,
                                                              const std::function<void(const std::string&)>& progress);

  gantry::Result<std::shared_ptr<const ServedModel>> find(const std::string& name,
                                                          const std::string& version) const override;
  std::vector<ModelState> list() const override;

 private:
  struct Entry {
    ModelState state;
    std::shared_ptr<const ServedModel> model;  // nullptr if it could not be opened
  };
  // by name, then by version, in natural order: 2 before 10
  std::map<std::string, std::vector<Entry>> entries_;
};

/// Compares versions by the numbers in them: "1.9" before "1.10", "9" before "10".
bool is_older_version(const std::string& a, const std::string& b);

}  // namespace gantry_server

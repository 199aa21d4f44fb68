// SPDX-License-Identifier: Apache-2.0
// DirectoryStore: the packages below a directory, <directory>/<name>/<version>/gantry.json. All are opened at start;
// load() opens what came later.
#pragma once

#include <functional>
#include <gantry/engine_loader.hpp>
#include <gantry/package.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
  /// Told of each package that was opened, or that failed.
  std::function<void(const std::string&)> progress;
};

/// Threads: thread-safe. One load() or unload() runs at a time; requests do not wait for it.
class DirectoryStore final : public ModelStore {
 public:
  /// Opens the packages one after the other. Errors: not_found without a package; invalid_argument if a directory's
  /// names are not those of its manifest; and open()'s, unless failures are allowed.
  static gantry::Result<std::shared_ptr<DirectoryStore>> open(const DirectoryOptions& options);

  gantry::Result<std::shared_ptr<const ServedModel>> find(const std::string& name,
                                                          const std::string& version) const override;
  std::vector<ModelState> list() const override;
  /// failed_precondition if the manifest of a loaded version has changed: a version is published once.
  gantry::Result<void> load(const std::string& name) override;
  gantry::Result<void> unload(const std::string& name) override;

 private:
  struct Entry {
    ModelState state;
    std::shared_ptr<const ServedModel> model;  // nullptr if it is not ready
    std::string manifest;                      // its text
    std::optional<gantry::Error> error{};      // if it could not be opened
  };
  using Versions = std::vector<Entry>;              // in natural order: 2 before 10
  using Entries = std::map<std::string, Versions>;  // by name

  explicit DirectoryStore(const DirectoryOptions& options) : options_(options) {}
  Entry open_entry(const std::string& name, const std::string& version, std::string manifest) const;
  std::shared_ptr<const Entries> entries() const;
  void replace(const std::string& name, Versions versions);
  gantry::Error unknown(const std::string& name) const;

  const DirectoryOptions options_;
  std::mutex loading_;        // held while packages are opened
  mutable std::mutex mutex_;  // guards entries_
  std::shared_ptr<const Entries> entries_ = std::make_shared<const Entries>();
};

/// Compares versions by the numbers in them: "1.9" before "1.10", "9" before "10".
bool is_older_version(const std::string& a, const std::string& b);

}  // namespace gantry_server

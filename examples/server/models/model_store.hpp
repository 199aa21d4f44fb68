// SPDX-License-Identifier: Apache-2.0
// ModelStore: which models the server has. What loads them stands behind it.
#pragma once

#include <gantry/result.hpp>
#include <memory>
#include <string>
#include <vector>

#include "served_model.hpp"

namespace gantry_server {

/// A version of a model, loaded or not.
struct ModelState {
  std::string name;
  std::string version;
  bool is_ready = false;
  std::string reason;  ///< why it is not ready
};

/// Threads: thread-safe. A ServedModel lives on for the requests that hold it after its store has dropped it.
class ModelStore {
 public:
  virtual ~ModelStore() = default;
  /// `version` empty: the one that serves by default. not_found lists what there is; unavailable: it is not loaded.
  virtual gantry::Result<std::shared_ptr<const ServedModel>> find(const std::string& name,
                                                                  const std::string& version) const = 0;
  /// By name, then by version.
  virtual std::vector<ModelState> list() const = 0;
  /// Makes what is loaded of a model what there is in storage: opens the versions that are not loaded, and drops those
  /// that are gone. Blocks for as long as that takes. If it fails, what was loaded stays.
  virtual gantry::Result<void> load(const std::string& name) = 0;
  /// Drops all versions of a model; requests that hold one are finished with it.
  virtual gantry::Result<void> unload(const std::string& name) = 0;
};

}  // namespace gantry_server

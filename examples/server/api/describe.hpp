// SPDX-License-Identifier: Apache-2.0
// The answers that describe the server and its models: metadata, index, config, statistics.
#pragma once

#include <gantry/runtime.hpp>
#include <string>
#include <vector>

#include "models/model_store.hpp"

namespace gantry_server {

/// {"name", "version", "extensions"}.
std::string server_metadata();
/// {"name", "versions", "platform", "inputs", "outputs"}.
std::string model_metadata(const ServedModel& model, const std::vector<std::string>& versions);
/// Triton's model_configuration extension, as far as its clients read it.
std::string model_config(const ServedModel& model);
/// [{"name", "version", "state", "reason"}].
std::string repository_index(const std::vector<ModelState>& states);
/// Triton's statistics extension, for the models of `states` that are ready.
std::string model_statistics(const std::vector<ModelState>& states, const gantry::RuntimeStats& stats);

}  // namespace gantry_server

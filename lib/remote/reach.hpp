// SPDX-License-Identifier: Apache-2.0
// reach: the first contact with the hosts of a model, which connect_model() and connect_pipeline() begin with.
#pragma once

#include <gantry/model.hpp>
#include <gantry/remote.hpp>
#include <memory>
#include <string>

#include "remote/remote_backend.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// invalid_argument with the field, what was expected and what came.
Error invalid_option(const std::string& field, const std::string& expected, const std::string& got);
/// The same if `value` is not within least..most.
template <class T>
Result<void> check_range(const std::string& field, T value, T least, T most) {
  if (value >= least && value <= most) return {};
  return invalid_option(field, std::to_string(least) + ".." + std::to_string(most), std::to_string(value));
}

/// Hosts that were asked what the model is.
struct Reached {
  Runtime runtime;
  std::shared_ptr<RemoteBackend> backend;
  Contact contact;   // of a host that answered
  std::string text;  // "model 'm' of http://a:8080 (platform)"

  const ModelDescription& description() const { return *contact.description; }
};

/// Errors: those of connect_model() that are about the options, the addresses and the hosts.
Result<Reached> reach(const std::string& addresses, const std::string& model, const ConnectionOptions& options);

/// The model that `reached` computes, once it is known what is expected of it.
Result<Model> make_model(const Reached& reached, Signature signature, FileTensors files, BackendOptions options,
                         const std::string& name);

}  // namespace gantry::inline GANTRY_ABI::remote

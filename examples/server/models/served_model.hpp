// SPDX-License-Identifier: Apache-2.0
// ServedModel: an opened package, as requests find it.
#pragma once

#include <cstddef>
#include <gantry/any_pipeline.hpp>
#include <string>

#include "oip/model_interface.hpp"

namespace gantry_server {

struct ServedModel {
  std::string name;
  std::string version;
  gantry::AnyPipeline pipeline;
  ModelInterface interface;
  /// Into so many pipeline requests the samples of one call are split, so that as many workers decode files. 1 where
  /// there is nothing to do before the model: then they are one batch.
  std::size_t requests_per_call = 1;
};

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// ServedModel: an opened package, as requests find it.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <string>

#include "oip/model_interface.hpp"

namespace gantry_server {

struct ServedModel {
  std::string name;
  std::string version;
  gantry::AnyPipeline pipeline;
  ModelInterface interface;
};

}  // namespace gantry_server

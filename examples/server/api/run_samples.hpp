// SPDX-License-Identifier: Apache-2.0
// run_samples: the samples of one call, as one request of the pipeline or as a few, and the answers of all of them.
#pragma once

#include <functional>
#include <gantry/any_pipeline.hpp>
#include <vector>

#include "models/served_model.hpp"

namespace gantry_server {

/// Calls `done` once: with the results in the samples' order, or with the error of the first sample that failed.
void run_samples(const ServedModel& model, std::vector<gantry::Payload> samples, const gantry::RunOptions& options,
                 std::function<void(gantry::Result<std::vector<gantry::Payload>>)> done);

}  // namespace gantry_server

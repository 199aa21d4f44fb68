// SPDX-License-Identifier: Apache-2.0
// run_samples: the samples of one HTTP request, each a request of its own to the pipeline, so that they share batches
// with those of other clients.
#pragma once

#include <functional>
#include <gantry/any_pipeline.hpp>
#include <vector>

namespace gantry_server {

/// Calls `done` once: with the results in the samples' order, or with the error of the first sample that failed.
void run_samples(const gantry::AnyPipeline& pipeline, std::vector<gantry::Payload> samples,
                 const gantry::RunOptions& options,
                 std::function<void(gantry::Result<std::vector<gantry::Payload>>)> done);

}  // namespace gantry_server

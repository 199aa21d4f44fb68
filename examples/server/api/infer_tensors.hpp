// SPDX-License-Identifier: Apache-2.0
// infer_tensors: a request of the protocol, however it was encoded: tensors in, tensors out.
#pragma once

#include <functional>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <memory>

#include "models/served_model.hpp"

namespace gantry_server {

/// Runs the samples of `call`, whose parameters `timeout` and `priority` come on top of `options`. Calls `done` once,
/// on any thread, with the outputs that the call asks for; or with the error of what is wrong with it, or of the run.
void infer_tensors(const std::shared_ptr<const ServedModel>& model, const std::shared_ptr<const InferRequest>& call,
                   gantry::RunOptions options, std::function<void(gantry::Result<InferResponse>)> done);

}  // namespace gantry_server

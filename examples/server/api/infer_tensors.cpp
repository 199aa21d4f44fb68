// SPDX-License-Identifier: Apache-2.0
#include "infer_tensors.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include "request_options.hpp"
#include "run_samples.hpp"

namespace gantry_server {

using gantry::Payload;
using gantry::Result;

void infer_tensors(const std::shared_ptr<const ServedModel>& model, const std::shared_ptr<const InferRequest>& call,
                   gantry::RunOptions options, std::function<void(Result<InferResponse>)> done) {
  apply_timeout(options, std::chrono::microseconds(call->timeout_us));
  // The protocol's highest priority is 1; here higher numbers run first.
  if (call->priority > 0) options.priority = static_cast<int>(std::max<std::int64_t>(101 - call->priority, 1));
  auto samples = model->interface.to_samples(*call);
  if (!samples) return done(samples.error());
  run_samples(*model, *std::move(samples), options,
              [model, call, done = std::move(done)](Result<std::vector<Payload>> results) {
                if (!results) return done(results.error());
                auto outputs = model->interface.to_outputs(*results, *call);
                if (!outputs) return done(outputs.error());
                done(InferResponse{call->id, model->name, model->version, *std::move(outputs)});
              });
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "run_samples.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gantry_server {
namespace {

using gantry::Payload;
using gantry::Result;

struct Pending {
  Pending(std::size_t samples, std::size_t requests, std::function<void(Result<std::vector<Payload>>)> d)
      : results(samples), left(requests), done(std::move(d)) {}

  std::vector<std::optional<Result<Payload>>> results;  // each written by one request
  std::atomic<std::size_t> left;                        // requests
  std::function<void(Result<std::vector<Payload>>)> done;

  void finish(std::size_t first, std::vector<Result<Payload>> of_request) {
    std::move(of_request.begin(), of_request.end(), results.begin() + static_cast<std::ptrdiff_t>(first));
    if (left.fetch_sub(1) != 1) return;
    std::vector<Payload> payloads;
    payloads.reserve(results.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!*results[i]) {
        const gantry::Error& error = results[i]->error();
        return done(results.size() == 1 ? error : error.within("sample " + std::to_string(i)));
      }
      payloads.push_back(std::move(**results[i]));
    }
    done(std::move(payloads));
  }
};

}  // namespace

void run_samples(const ServedModel& model, std::vector<Payload> samples, const gantry::RunOptions& options,
                 std::function<void(Result<std::vector<Payload>>)> done) {
  const std::size_t count = samples.size();
  const std::size_t requests = std::min(count, model.requests_per_call);
  auto pending = std::make_shared<Pending>(count, requests, std::move(done));
  for (std::size_t i = 0; i < requests; ++i) {
    const auto first = static_cast<std::ptrdiff_t>(i * count / requests);
    const auto end = static_cast<std::ptrdiff_t>((i + 1) * count / requests);
    std::vector<Payload> of_request(std::make_move_iterator(samples.begin() + first),
                                    std::make_move_iterator(samples.begin() + end));
    model.pipeline.submit_batch(std::move(of_request), options, [pending, first](std::vector<Result<Payload>> results) {
      pending->finish(static_cast<std::size_t>(first), std::move(results));
    });
  }
}

}  // namespace gantry_server

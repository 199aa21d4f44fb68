// SPDX-License-Identifier: Apache-2.0
#include "run_samples.hpp"

#include <atomic>
#include <gantry/translate_exception.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gantry_server {
namespace {

struct Pending {
  Pending(std::size_t count, std::function<void(gantry::Result<std::vector<gantry::Payload>>)> d)
      : results(count), left(count), done(std::move(d)) {}

  std::vector<std::optional<gantry::Result<gantry::Payload>>> results;  // each written by one sample
  std::atomic<std::size_t> left;
  std::function<void(gantry::Result<std::vector<gantry::Payload>>)> done;

  void finish(std::size_t index, gantry::Result<gantry::Payload> result) {
    results[index] = std::move(result);
    if (left.fetch_sub(1) != 1) return;
    std::vector<gantry::Payload> payloads;
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

void run_samples(const gantry::AnyPipeline& pipeline, std::vector<gantry::Payload> samples,
                 const gantry::RunOptions& options,
                 std::function<void(gantry::Result<std::vector<gantry::Payload>>)> done) {
  auto pending = std::make_shared<Pending>(samples.size(), std::move(done));
  for (std::size_t i = 0; i < samples.size(); ++i)
    pipeline.submit(std::move(samples[i]), options,
                    [pending, i](gantry::Result<gantry::Payload> result) { pending->finish(i, std::move(result)); });
}

}  // namespace gantry_server

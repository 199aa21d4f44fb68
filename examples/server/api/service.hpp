// SPDX-License-Identifier: Apache-2.0
// Service: answers the requests of Open Inference Protocol v2, and those whose body is what a pipeline takes.
#pragma once

#include <atomic>
#include <functional>
#include <gantry/runtime.hpp>
#include <memory>
#include <string>

#include "http/handler.hpp"
#include "models/model_store.hpp"
#include "request_options.hpp"
#include "route.hpp"

namespace gantry_server {

/// Threads: thread-safe. All requests must have been answered before it is destroyed.
class Service final : public Handler {
 public:
  /// `more_metrics`: lines behind those of the runtime on the page of Prometheus; may be empty.
  Service(std::shared_ptr<const ModelStore> models, gantry::Runtime runtime, const RequestLimits& limits,
          std::function<std::string()> more_metrics)
      : models_(std::move(models)),
        runtime_(std::move(runtime)),
        limits_(limits),
        more_metrics_(std::move(more_metrics)) {}

  std::optional<Response> refuse(Request& head) const override;
  void handle(const std::shared_ptr<const Request>& request, Respond respond) const override;

  /// Readiness becomes false, so that balancers send no more requests; those that come are answered.
  void begin_drain() { is_draining_ = true; }
  /// Whether it is ready for requests; a package that failed does not take the others out of service.
  bool is_ready() const { return runtime_.health().is_ready && !is_draining_; }
  bool is_draining() const { return is_draining_; }

 private:
  Response describe(const Route& route) const;
  Response ready() const;
  void infer(const std::shared_ptr<const Request>& request, const Route& route, const Respond& respond) const;

  std::shared_ptr<const ModelStore> models_;
  gantry::Runtime runtime_;
  RequestLimits limits_;
  std::function<std::string()> more_metrics_;
  std::atomic<bool> is_draining_{false};
  mutable asio::thread_pool readers_{1};  // reads long messages, so that the I/O threads go on
};

}  // namespace gantry_server

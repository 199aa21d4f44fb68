// SPDX-License-Identifier: Apache-2.0
// HealthReport: grpc.health.v1 says whether the server is ready.
#pragma once

#include <grpcpp/health_check_service_interface.h>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "api/service.hpp"

namespace gantry_server {

/// gRPC's own service answers Check and Watch from what it was told last; this tells it, of the whole server ("") and
/// of the protocol's service.
///
/// Ownership: ends before the server of `health`.
/// Threads:   thread-safe; has one of its own, which looks once a second.
class HealthReport {
 public:
  HealthReport(grpc::HealthCheckServiceInterface& health, std::shared_ptr<const Service> service);
  ~HealthReport();
  HealthReport(const HealthReport&) = delete;

  /// Not in a second, but now.
  void update();

 private:
  void tell();  // holds mutex_

  grpc::HealthCheckServiceInterface& health_;
  const std::shared_ptr<const Service> service_;
  std::mutex mutex_;  // guards what follows; one report at a time, so that the last one is the newest
  std::condition_variable ends_;
  std::optional<bool> told_;
  bool is_ended_ = false;
  std::thread thread_;
};

}  // namespace gantry_server

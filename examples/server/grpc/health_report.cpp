// SPDX-License-Identifier: Apache-2.0
#include "health_report.hpp"

#include <chrono>
#include <utility>

#include "inference_service.hpp"

namespace gantry_server {
namespace {

void tell(grpc::HealthCheckServiceInterface& health, bool is_ready) {
  health.SetServingStatus("", is_ready);
  health.SetServingStatus(ProtocolService::service_full_name(), is_ready);
}

}  // namespace

HealthReport::HealthReport(grpc::HealthCheckServiceInterface& health, std::shared_ptr<const Service> service)
    : health_(health), service_(std::move(service)) {
  update();
  thread_ = std::thread([this] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ends_.wait_for(lock, std::chrono::seconds(1), [this] { return is_ended_; }))
      tell(health_, service_->is_ready());
  });
}

HealthReport::~HealthReport() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_ended_ = true;
  }
  ends_.notify_one();
  thread_.join();
}

void HealthReport::update() {
  const std::lock_guard<std::mutex> lock(mutex_);
  tell(health_, service_->is_ready());
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "health_report.hpp"

#include <chrono>
#include <utility>

#include "inference_service.hpp"

namespace gantry_server {
HealthReport::HealthReport(grpc::HealthCheckServiceInterface& health, std::shared_ptr<const Service> service)
    : health_(health), service_(std::move(service)) {
  update();
  thread_ = std::thread([this] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!ends_.wait_for(lock, std::chrono::seconds(1), [this] { return is_ended_; })) tell();
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
  tell();
}

void HealthReport::tell() {
  const bool is_ready = service_->is_ready();
  if (std::exchange(told_, is_ready) == is_ready) return;  // who watches would be told again
  health_.SetServingStatus("", is_ready);
  health_.SetServingStatus(ProtocolService::service_full_name(), is_ready);
}

}  // namespace gantry_server

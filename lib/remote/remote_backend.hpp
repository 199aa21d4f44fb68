// SPDX-License-Identifier: Apache-2.0
// RemoteBackend: a model that servers compute. It has one thread, which runs a Dispatcher.
#pragma once

#include <gantry/backend.hpp>
#include <gantry/remote.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.hpp"
#include "remote/dispatcher.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// Ownership: owns its thread and its connections; the clock is shared.
/// Threads:   thread-safe.
/// Errors:    those of connect_model(); system errors of the constructor are thrown.
/// Cost:      submit() posts the call to the thread.
class RemoteBackend final : public Backend {
 public:
  RemoteBackend(std::vector<Address> addresses, const std::string& model, const ConnectionOptions& options,
                std::shared_ptr<const TimeSource> time);
  ~RemoteBackend() override;

  /// Asks all hosts, once, before anything else.
  std::vector<Contact> contact();
  /// What contact() found; before the first submit().
  void expect(ModelDescription description, Signature signature, FileTensors files, std::string text);

  const EngineInfo& info() const override { return info_; }
  void submit(Tensors inputs, const EngineCall& call, Done done) override;
  std::optional<BackendStats> stats() const override;
  Health health() const override;
  void shutdown() override;

 private:
  void work();

  const std::shared_ptr<const TimeSource> time_;
  const std::size_t instances_;
  EngineInfo info_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  Dispatcher dispatcher_;
  detail::Mutex mutex_;
  bool is_down_ GANTRY_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace gantry::inline GANTRY_ABI::remote

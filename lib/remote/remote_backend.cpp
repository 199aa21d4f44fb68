// SPDX-License-Identifier: Apache-2.0
#include "remote/remote_backend.hpp"

#include <future>
#include <utility>

#include "remote/infer_message.hpp"
#include "runtime/signals_blocked.hpp"

namespace gantry::inline GANTRY_ABI::remote {

RemoteBackend::RemoteBackend(std::vector<Address> addresses, const std::string& model, const ConnectionOptions& options,
                             std::shared_ptr<const TimeSource> time)
    : time_(std::move(time)),
      instances_(addresses.size() * static_cast<std::size_t>(options.max_connections)),
      dispatcher_(io_, *time_, std::move(addresses), model_path(model, options.version), options) {
  info_.kind = "remote";
  const detail::SignalsBlocked blocked;
  thread_ = std::thread([this] { work(); });
}

RemoteBackend::~RemoteBackend() {
  shutdown();
}

void RemoteBackend::work() {
  for (;;) try {
      io_.run();
      return;
    } catch (...) {  // out of memory for a handler; the others go on
    }
}

std::vector<Contact> RemoteBackend::contact() {
  std::promise<std::vector<Contact>> promise;
  auto contacts = promise.get_future();
  asio::post(io_, [&] { dispatcher_.contact([&](std::vector<Contact> all) { promise.set_value(std::move(all)); }); });
  return contacts.get();
}

void RemoteBackend::expect(ModelDescription description, Signature signature, FileTensors files, std::string text) {
  info_.description = std::move(text);
  asio::post(io_, [this, description = std::move(description), signature = std::move(signature),
                   files = std::move(files)]() mutable {
    dispatcher_.expect(std::move(description), std::move(signature), std::move(files));
  });
}

void RemoteBackend::submit(Tensors inputs, const EngineCall& call, Done done) {
  const detail::MutexLock lock(mutex_);
  if (is_down_) return;  // destroying `done` answers unavailable
  asio::post(io_, [this, inputs = std::move(inputs), call, done = std::move(done)]() mutable {
    dispatcher_.start(std::move(inputs), call, std::move(done));
  });
}

std::optional<BackendStats> RemoteBackend::stats() const {
  const DispatchCounters& counters = dispatcher_.counters();
  return BackendStats{counters.attempts, counters.retries, counters.waiting, counters.running, instances_};
}

Health RemoteBackend::health() const {
  return dispatcher_.health();
}

void RemoteBackend::shutdown() {
  {
    const detail::MutexLock lock(mutex_);
    if (std::exchange(is_down_, true)) return;
    asio::post(io_, [this] {
      dispatcher_.shut_down();
      work_.reset();  // the thread ends when the last call has
    });
  }
  thread_.join();
}

}  // namespace gantry::inline GANTRY_ABI::remote

// SPDX-License-Identifier: Apache-2.0
// Dispatcher: deals calls out to hosts, repeats what may be repeated, and answers each call once.
//
// A call waits in the queue until a host has room for it; an attempt is a coroutine. An attempt that failed and may be
// repeated brings its call back to the front of the queue. Hosts are judged by what became of attempts; one that is due
// for a trial is asked for the model's metadata, or gets the call itself where no other host is there.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <gantry/backend.hpp>
#include <gantry/remote.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.hpp"
#include "remote/flight.hpp"
#include "remote/host.hpp"
#include "remote/model_link.hpp"
#include "remote/retry_budget.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// A call of the model, from submit() to its answer.
struct Call : Flight {
  explicit Call(FlightClock& c) : clock(c) { clock.add(*this); }
  Call(const Call&) = delete;
  ~Call() { clock.remove(*this); }

  FlightClock& clock;
  Tensors inputs;
  Backend::Done done;
  int retries = 0;
  const Host* failed = nullptr;  // the host of the attempt before
};

/// What a host said of the model at first.
struct Contact {
  std::string address;
  Result<ModelDescription> description;
  std::int64_t max_batch = 0;
};

/// Counters for other threads.
struct DispatchCounters {
  std::atomic<std::uint64_t> attempts{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::size_t> waiting{0};
  std::atomic<std::size_t> running{0};
};

/// Threads: the I/O thread, except for health() and counters().
class Dispatcher {
 public:
  Dispatcher(asio::io_context& io, const TimeSource& time, std::vector<Address> addresses, std::string path,
             const ConnectionOptions& options);

  /// Asks all hosts; `done` is called when each has answered or failed.
  void contact(std::function<void(std::vector<Contact>)> done);
  /// From now on connections are compared with it, and calls may start.
  void expect(ModelDescription description, Signature signature, FileTensors files);

  void start(Tensors inputs, const EngineCall& options, Backend::Done done);
  /// Answers all calls with unavailable, and closes the connections. Nothing starts after it.
  void shut_down();

  Health health() const GANTRY_EXCLUDES(mutex_);
  const DispatchCounters& counters() const { return counters_; }

 private:
  using CallPtr = std::unique_ptr<Call>;
  struct Outcome;
  struct Choice {
    Host* host = nullptr;
    bool must_wait = false;  // a host has no room now, or is being tried
    bool is_probe = false;
  };

  void pump();
  Choice choose(const Call& call);
  Error nobody_there() const;
  asio::awaitable<void> run(CallPtr call, Host& host, bool is_probe);
  asio::awaitable<Outcome> attempt(Call& call, Host& host, bool is_probe);
  asio::awaitable<Outcome> judged_answer(Call& call, Host& host, std::unique_ptr<Connection> connection, Exchange came);
  asio::awaitable<bool> pause(Call& call, TimeSource::Time until);
  asio::awaitable<void> probe(Host& host);
  asio::awaitable<void> contact_one(Host& host, Contact& contact);
  void judge(Host& host, const Outcome& outcome, bool is_probe);
  void take_back(Host& host);
  void keep(Host& host, std::unique_ptr<Connection> connection);
  /// When an attempt that failed may be repeated; nullopt: it may not.
  std::optional<TimeSource::Time> time_to_repeat(const Call& call, const Host& host, const Outcome& outcome);
  void finish(CallPtr call, Result<Tensors> result) noexcept;
  void publish() GANTRY_EXCLUDES(mutex_);

  asio::io_context& io_;
  const ConnectionOptions options_;
  ModelLink link_;
  RetryBudget budget_;
  std::vector<std::unique_ptr<Host>> hosts_;
  FlightClock clock_;
  std::deque<CallPtr> queue_;
  std::size_t next_ = 0;  // where the choice among equal hosts begins
  bool is_ending_ = false;
  DispatchCounters counters_;
  mutable detail::Mutex mutex_;
  Health health_ GANTRY_GUARDED_BY(mutex_);
};

}  // namespace gantry::inline GANTRY_ABI::remote

// SPDX-License-Identifier: Apache-2.0
// The queue and the choice of hosts; attempts are in attempt.cpp.
#include "remote/dispatcher.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/error_or_out_of_memory.hpp"
#include "remote/outcome.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

Error ended() noexcept {
  return detail::error_or_out_of_memory([] {
    return Error(ErrorCode::kUnavailable, "the model's connections were closed").with_reason(ErrorReason::kShutdown);
  });
}

}  // namespace

Dispatcher::Dispatcher(asio::io_context& io, const TimeSource& time, std::vector<Address> addresses, std::string path,
                       const ConnectionOptions& options)
    : io_(io),
      options_(options),
      link_{std::move(path), {options.max_header_bytes, options.max_answer_bytes}, {}, {}, {}},
      budget_(options.retry_ratio, options.retry_burst),
      clock_(io, time, [this] { pump(); }) {
  for (Address& address : addresses)
    hosts_.push_back(
        std::make_unique<Host>(std::move(address), CircuitBreaker(options.breaker_failures, options.open_time)));
}

void Dispatcher::contact(std::function<void(std::vector<Contact>)> done) {
  struct All {
    std::vector<Contact> contacts;
    std::size_t left = 0;
    std::function<void(std::vector<Contact>)> done;
  };
  const auto all = std::make_shared<All>();
  all->left = hosts_.size();
  all->done = std::move(done);
  for (const auto& host : hosts_)
    all->contacts.push_back({host->address.text, Error(ErrorCode::kUnavailable, "was not asked"), 0});
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    asio::co_spawn(io_, contact_one(*hosts_[i], all->contacts[i]), [all, i](const std::exception_ptr& thrown) {
      if (thrown) all->contacts[i].description = Error::out_of_memory();
      if (--all->left == 0) all->done(std::move(all->contacts));
    });
}

void Dispatcher::expect(ModelDescription description, Signature signature, FileTensors files) {
  link_.expected = std::move(description);
  link_.signature = std::move(signature);
  link_.files = std::move(files);
}

void Dispatcher::start(Tensors inputs, const EngineCall& options, Backend::Done done) {
  if (is_ending_) return done(ended());
  auto call = std::make_unique<Call>(clock_);
  call->options = options;
  if (!call->options.deadline) call->options.deadline = within(options_.timeout, options.time());
  call->inputs = std::move(inputs);
  call->done = std::move(done);
  budget_.count_call();
  queue_.push_back(std::move(call));
  pump();
}

void Dispatcher::shut_down() {
  is_ending_ = true;
  clock_.interrupt_all(ended());
  pump();
  for (const auto& host : hosts_) host->idle.clear();
}

void Dispatcher::pump() {
  std::vector<CallPtr> interrupted;
  for (auto it = queue_.begin(); it != queue_.end();) {
    if ((*it)->interruption) {
      interrupted.push_back(std::move(*it));
      it = queue_.erase(it);
    } else {
      ++it;
    }
  }
  std::vector<std::pair<CallPtr, Error>> refused;
  while (!queue_.empty()) {
    const Choice choice = choose(*queue_.front());
    if (choice.must_wait) break;
    CallPtr call = std::move(queue_.front());
    queue_.pop_front();
    if (choice.host == nullptr) {
      refused.emplace_back(std::move(call), nobody_there());
      continue;
    }
    ++choice.host->in_progress;
    ++counters_.running;
    asio::co_spawn(io_, run(std::move(call), *choice.host, choice.is_probe), asio::detached);
  }
  counters_.waiting = queue_.size();
  for (CallPtr& call : interrupted) {
    Error why = *call->interruption;
    finish(std::move(call), std::move(why));
  }
  for (auto& [call, why] : refused) finish(std::move(call), std::move(why));
}

Dispatcher::Choice Dispatcher::choose(const Call& call) {
  Choice choice;
  const auto now = clock_.now();
  choice.host = least_busy(hosts_, options_.max_connections, call.failed, next_++);
  for (const auto& host : hosts_) {
    if (!host->breaker.may_probe(now)) continue;
    host->breaker.begin_probe();
    if (choice.host != nullptr) {
      asio::co_spawn(io_, probe(*host), asio::detached);
    } else {
      choice.host = host.get();
      choice.is_probe = true;
    }
  }
  if (choice.host == nullptr)  // full, or being tried
    choice.must_wait = std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
      return host->breaker.is_closed() || host->breaker.is_probing();
    });
  return choice;
}

Error Dispatcher::nobody_there() const {
  auto first = TimeSource::Time::max();
  auto code = ErrorCode::kFailedPrecondition;  // where that is all that is wrong
  std::string text;
  for (const auto& host : hosts_) {
    first = std::min(first, host->breaker.retry_at());
    if (!host->problem || host->problem->code() != ErrorCode::kFailedPrecondition) code = ErrorCode::kUnavailable;
    text += (text.empty() ? "" : "; ") + host->address.text + ": " +
            (host->problem ? host->problem->message() : "no answer");
  }
  Error error(code, "no host can be used now: " + text);
  if (code == ErrorCode::kFailedPrecondition) return error;
  return error.with_reason(ErrorReason::kUnhealthy, std::max(first - clock_.now(), std::chrono::nanoseconds(0)));
}

void Dispatcher::finish(CallPtr call, Result<Tensors> result) noexcept {
  auto done = std::move(call->done);
  call.reset();
  try {
    done(std::move(result));
  } catch (...) {  // the caller's own; there is nobody to tell
  }
}

void Dispatcher::judge(Host& host, const Outcome& outcome, bool is_probe) {
  CircuitBreaker& breaker = host.breaker;
  // Of a host that is out of service, only its trial says something new.
  if (!is_probe && !breaker.is_closed()) return;
  switch (outcome.verdict) {
    case Verdict::kNone:
      if (is_probe) breaker.abandon_probe();
      return;
    case Verdict::kAlive:
      if (is_probe) return take_back(host);
      return breaker.succeed();
    case Verdict::kFailed:
      host.problem = outcome.error;
      if (!breaker.fail(clock_.now())) return;
      break;
    case Verdict::kUnfit:
      host.problem = outcome.error;
      breaker.open(clock_.now());
      break;
  }
  host.idle.clear();
  publish();
}

void Dispatcher::take_back(Host& host) {
  host.breaker.succeed();
  host.problem.reset();
  publish();
}

void Dispatcher::keep(Host& host, std::unique_ptr<Connection> connection) {
  if (is_ending_ || !host.breaker.is_closed()) return;
  connection->idle_since = clock_.now();
  host.idle.push_back(std::move(connection));
}

void Dispatcher::publish() {
  Health health;
  health.is_ready =
      std::any_of(hosts_.begin(), hosts_.end(), [](const auto& host) { return host->breaker.is_closed(); });
  if (!health.is_ready)
    for (const auto& host : hosts_)
      health.reasons.push_back(host->address.text + ": " + (host->problem ? host->problem->message() : "no answer"));
  const detail::MutexLock lock(mutex_);
  health_ = std::move(health);
}

Health Dispatcher::health() const {
  const detail::MutexLock lock(mutex_);
  return health_;
}

}  // namespace gantry::inline GANTRY_ABI::remote

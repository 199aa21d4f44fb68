// SPDX-License-Identifier: Apache-2.0
// Attempts: a call at one host, from the connection to the answer, and what becomes of the call after it failed.
#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "remote/dispatcher.hpp"
#include "remote/infer_message.hpp"
#include "remote/outcome.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

constexpr std::chrono::milliseconds kFirstPause{10};  // before a call goes to the same host again; doubled each time

bool is_answered_by_model(unsigned status) {
  return status != 502 && status != 503;
}

}  // namespace

asio::awaitable<void> Dispatcher::run(CallPtr call, Host& host, bool is_probe) {
  Outcome outcome;
  try {
    outcome = co_await attempt(*call, host, is_probe);
  } catch (...) {
    outcome.error = detail::translate_exception();
  }
  if (call->interruption && !outcome.outputs) outcome.error = call->interruption;
  --host.in_progress;
  --counters_.running;
  if (outcome.error) outcome.error = outcome.error->within("host '" + host.address.text + "'");
  judge(host, outcome, is_probe);
  pump();  // there is room
  if (!outcome.outputs) {
    if (const auto when = time_to_repeat(*call, host, outcome)) {
      ++call->retries;
      ++counters_.retries;
      call->failed = &host;
      if (co_await pause(*call, *when)) {
        queue_.push_front(std::move(call));
        pump();
        co_return;
      }
      outcome.error = *call->interruption;
    }
  }
  finish(std::move(call), outcome.outputs ? Result<Tensors>(*std::move(outcome.outputs)) : *outcome.error);
}

asio::awaitable<Dispatcher::Outcome> Dispatcher::attempt(Call& call, Host& host, bool is_probe) {
  Outcome outcome;
  auto connection = is_probe ? nullptr : host.take_idle(clock_.now() - options_.idle_timeout);
  if (!connection) {
    connection = std::make_unique<Connection>(io_);
    call.phase_end = clock_.now() + options_.connect_timeout;
    const auto opened = co_await open_connection(link_, *connection, host.address, call);
    call.phase_end = TimeSource::Time::max();
    call.is_phase_over = false;
    if (!opened) {
      const bool is_cancelled = call.interruption && call.interruption->code() != ErrorCode::kDeadlineExceeded;
      outcome.error = opened.error();
      outcome.verdict = is_cancelled                                       ? Verdict::kNone
                        : opened.error().code() == ErrorCode::kUnavailable ? Verdict::kFailed
                                                                           : Verdict::kUnfit;
      outcome.is_safe = true;
      co_return outcome;
    }
    if (is_probe) take_back(host), pump();  // others need not wait for this call's answer
  }
  ++counters_.attempts;
  auto came = co_await send_infer(link_, *connection, host.address, call, call.inputs);
  if (!came) {
    outcome.error = came.error();
    co_return outcome;
  }
  if (came->answer) co_return co_await judged_answer(call, host, std::move(connection), *std::move(came));
  outcome.error = came->error;
  outcome.is_safe = options_.is_idempotent && !came->has_begun;
  const bool is_cancelled = call.interruption && call.interruption->code() != ErrorCode::kDeadlineExceeded;
  // A host that stands still is known by calls that reach their deadlines.
  outcome.verdict = is_cancelled ? Verdict::kNone : Verdict::kFailed;
  co_return outcome;
}

asio::awaitable<Dispatcher::Outcome> Dispatcher::judged_answer(Call& call, Host& host,
                                                               std::unique_ptr<Connection> connection, Exchange came) {
  Outcome outcome;
  const HttpAnswer& answer = *came.answer;
  outcome.verdict = Verdict::kAlive;
  if (answer.status != 200) {
    outcome.error = answer.status < 400 ? Error(ErrorCode::kModelError,
                                                "the server answered with status " + std::to_string(answer.status))
                                        : error_of(answer);
    const bool is_elsewhere = was_not_computed(*outcome.error);
    outcome.is_safe = answer.status == 503 && (answer.retry_after || is_elsewhere);
    outcome.only_elsewhere = !answer.retry_after;
    const ErrorReason reason = outcome.error->reason();
    const bool is_full = reason == ErrorReason::kQueueFull || reason == ErrorReason::kShed ||
                         reason == ErrorReason::kDeadlineUnreachable || answer.retry_after.has_value();
    if (!is_answered_by_model(answer.status) && !is_full) outcome.verdict = Verdict::kFailed;
    if (answer.keeps) keep(host, std::move(connection));
    co_return outcome;
  }
  auto outputs = read_infer_answer(answer, link_.signature, link_.files);
  if (!outputs) {
    outcome.error = outputs.error();
    outcome.verdict = Verdict::kFailed;
    co_return outcome;
  }
  // Another version than the one that was compared: is it the same model?
  const bool is_other = !answer.model_version.empty() && answer.model_version != connection->model_version;
  if (is_other) {
    // No `?:` with co_await in it: GCC 12 destroys what it makes twice.
    Result<ModelDescription> asked = Error(ErrorCode::kUnavailable, "was not asked");
    if (answer.keeps) {
      asked = co_await ask_description(link_, *connection, host.address, call);
    } else {
      connection = std::make_unique<Connection>(io_);
      asked = co_await open_connection(link_, *connection, host.address, call);
    }
    if (!asked) {
      outcome.error = asked.error();
      outcome.verdict = asked.error().code() == ErrorCode::kUnavailable ? Verdict::kFailed : Verdict::kUnfit;
      co_return outcome;
    }
  }
  outcome.outputs = *std::move(outputs);
  if (answer.keeps || is_other) keep(host, std::move(connection));
  co_return outcome;
}

std::optional<TimeSource::Time> Dispatcher::time_to_repeat(const Call& call, const Host& host, const Outcome& outcome) {
  if (!outcome.is_safe || is_ending_ || call.interruption || call.retries >= options_.max_retries) return std::nullopt;
  const bool has_other = std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& other) {
    return other.get() != &host && other->breaker.is_closed();
  });
  auto when = clock_.now();
  if (!has_other) {
    if (outcome.only_elsewhere || outcome.verdict == Verdict::kUnfit) return std::nullopt;
    when += std::max<std::chrono::nanoseconds>(outcome.error->retry_after(),
                                               kFirstPause * (1 << std::min(call.retries, 10)));
  }
  if (call.options.deadline && *call.options.deadline <= when) return std::nullopt;
  if (!budget_.try_take()) return std::nullopt;
  return when;
}

asio::awaitable<bool> Dispatcher::pause(Call& call, TimeSource::Time until) {
  if (until > clock_.now()) {
    asio::steady_timer timer(io_, asio::steady_timer::time_point::max());
    call.phase_end = until;
    call.timer = &timer;
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    call.timer = nullptr;
    call.phase_end = TimeSource::Time::max();
    call.is_phase_over = false;
  }
  co_return !call.interruption;
}

asio::awaitable<void> Dispatcher::probe(Host& host) {
  Outcome outcome;
  try {
    Call question(clock_);
    question.phase_end = clock_.now() + options_.connect_timeout;
    auto connection = std::make_unique<Connection>(io_);
    const auto opened = co_await open_connection(link_, *connection, host.address, question);
    if (opened) {
      take_back(host);
      keep(host, std::move(connection));
      pump();
      co_return;
    }
    outcome.error = opened.error();
    outcome.verdict = opened.error().code() == ErrorCode::kUnavailable ? Verdict::kFailed : Verdict::kUnfit;
  } catch (...) {
    outcome.error = detail::translate_exception();
  }
  judge(host, outcome, true);
  pump();
}

asio::awaitable<void> Dispatcher::contact_one(Host& host, Contact& contact) {
  Outcome outcome;
  Call question(clock_);
  question.phase_end = clock_.now() + options_.connect_timeout;
  auto connection = std::make_unique<Connection>(io_);
  contact.description = co_await open_connection(link_, *connection, host.address, question);
  if (contact.description) {
    contact.max_batch = co_await ask_max_batch(link_, *connection, host.address, question);
    if (connection->is_usable()) keep(host, std::move(connection));
    co_return;
  }
  outcome.error = contact.description.error();
  outcome.verdict = Verdict::kUnfit;  // whatever it is: the host is tried again when its time has come
  judge(host, outcome, false);
}

}  // namespace gantry::inline GANTRY_ABI::remote

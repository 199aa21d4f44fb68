// SPDX-License-Identifier: Apache-2.0
// Flight: what runs on the I/O thread and must end in time: a call, or a question to a host. FlightClock ends flights.
#pragma once

#include <chrono>
#include <functional>
#include <gantry/engine_call.hpp>
#include <gantry/time_source.hpp>
#include <optional>
#include <unordered_set>
#include <utility>

#include "remote/asio.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// Threads: the I/O thread.
struct Flight {
  EngineCall options;                                    // deadline, cancellation, clock, headers
  TimeSource::Time phase_end = TimeSource::Time::max();  // of what it does now: connecting, a pause
  bool is_phase_over = false;                            // phase_end has passed
  std::optional<Error> interruption;                     // cancelled, or past its deadline
  Socket* socket = nullptr;                              // closed to end what waits for it
  asio::steady_timer* timer = nullptr;                   // cancelled to end a pause

  bool is_stopped() const { return is_phase_over || interruption.has_value(); }
  void stop() {
    boost::system::error_code ignored;
    if (socket != nullptr) socket->close(ignored);
    if (timer != nullptr) timer->cancel();
  }
};

/// Lets FlightClock close a socket, while something may wait for it.
class SocketInFlight {
 public:
  SocketInFlight(Flight& flight, Socket& socket) : flight_(flight) { flight.socket = &socket; }
  SocketInFlight(const SocketInFlight&) = delete;
  ~SocketInFlight() { flight_.socket = nullptr; }

 private:
  Flight& flight_;
};

/// Looks at all flights every kPeriod, while there are any: a CancelToken calls nobody, and a TimeSource that a test
/// moves does not either.
///
/// Ownership: refers to the flights, which are removed before they end.
/// Threads:   the I/O thread.
/// Errors:    none.
/// Cost:      a timer and a look at each flight every kPeriod; nothing while there is no flight.
class FlightClock {
 public:
  static constexpr std::chrono::milliseconds kPeriod{5};

  /// `after_look` is called after each look.
  FlightClock(asio::io_context& io, const TimeSource& time, std::function<void()> after_look)
      : timer_(io), time_(time), after_look_(std::move(after_look)) {}

  TimeSource::Time now() const { return time_.now(); }
  void add(Flight& flight) {
    flights_.insert(&flight);
    if (!std::exchange(is_waiting_, true)) wait();
  }
  void remove(Flight& flight) {
    flights_.erase(&flight);
    if (flights_.empty()) timer_.cancel();
  }
  /// Ends every flight.
  void interrupt_all(const Error& reason) {
    for (Flight* flight : flights_) {
      if (!flight->interruption) flight->interruption = reason;
      flight->stop();
    }
  }

 private:
  void wait() {
    timer_.expires_after(kPeriod);
    timer_.async_wait([this](const boost::system::error_code&) {
      if (flights_.empty()) {
        is_waiting_ = false;
        return;
      }
      look();
      wait();
    });
  }
  void look() {
    for (Flight* flight : flights_) {
      if (flight->is_stopped()) continue;
      flight->interruption = flight->options.interruption();
      flight->is_phase_over = !flight->interruption && now() >= flight->phase_end;
      if (flight->is_stopped()) flight->stop();
    }
    after_look_();
  }

  asio::steady_timer timer_;
  const TimeSource& time_;
  const std::function<void()> after_look_;
  std::unordered_set<Flight*> flights_;
  bool is_waiting_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::remote

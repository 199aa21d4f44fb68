// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/load.hpp"

#include "cli/bench/load_loops.hpp"
#include "cli/junit.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {

std::string Load::title() const {
  if (is_open()) return number_text(rate) + "/s";
  return std::to_string(callers) + (callers == 1 ? " caller" : " callers");
}

void Failures::add(const Error& error) {
  if (count++ == 0) example = error.to_string();
  ++by_type[error_type_of(error)];
}

Failures& Failures::operator+=(const Failures& other) {
  if (count == 0) example = other.example;
  count += other.count;
  for (const auto& [type, times] : other.by_type) by_type[type] += times;
  return *this;
}

LoadResult& LoadResult::operator+=(const LoadResult& other) {
  const double seconds = seconds_of(length), more = seconds_of(other.length);
  if (seconds + more > 0)
    answers_per_second = (answers_per_second * seconds + other.answers_per_second * more) / (seconds + more);
  latencies += other.latencies;
  failures += other.failures;
  send_delays += other.send_delays;
  completed += other.completed;
  length += other.length;
  return *this;
}

LoadResult put_load(Service& service, const Load& load, const LoadTimes& times, LoadClock& clock,
                    const LoadEvents& events) {
  return load.is_open() ? open_loop(service, load, times, clock, events)
                        : closed_loop(service, load.callers, times, clock, events);
}

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/measurement.hpp"

#include <algorithm>
#include <iterator>

#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

Measurement& add(Measurement& sum, const Measurement& turn) {
  sum.load += turn.load;
  sum.use += turn.use;
  return sum;
}

/// A compared figure, and how to read it from a turn.
struct Figure {
  const char* name;
  const char* key;
  std::optional<double> (*of)(const Measurement&);
};

std::optional<double> seconds_at(const Measurement& turn, double q) {
  const auto value = turn.load.latencies.quantile(q);
  return value ? std::optional<double>(seconds_of(*value)) : std::nullopt;
}

constexpr Figure kFigures[] = {
    {"p50", "p50", [](const Measurement& turn) { return seconds_at(turn, 0.5); }},
    {"p99", "p99", [](const Measurement& turn) { return seconds_at(turn, 0.99); }},
    {"rate", "rate", [](const Measurement& turn) { return std::optional<double>(turn.load.answers_per_second); }},
    {"CPU per request", "cpu_per_request", [](const Measurement& turn) {
       const auto value = turn.cpu_per_request();
       return value ? std::optional<double>(seconds_of(*value)) : std::nullopt;
     }}};

}  // namespace

std::optional<std::chrono::nanoseconds> Measurement::cpu_per_request() const {
  if (load.completed == 0) return std::nullopt;
  return use.cpu_time / static_cast<std::chrono::nanoseconds::rep>(load.completed);
}

Measurement measure(Service& service, const Load& load, const LoadTimes& times, LoadClock& clock) {
  Measurement measured;
  MachineWatch watch;
  LoadEvents events;
  events.began = [&] { watch.begin(); };
  events.ended = [&] { measured.use = watch.end(); };
  measured.load = put_load(service, load, times, clock, events);
  measured.noise = noise_in(measured.use);
  return measured;
}

ComparedMeasurements compare(Service& a, Service& b, const Load& load, const LoadTimes& times, LoadClock& clock,
                             const std::function<void(int)>& next_turn) {
  ComparedMeasurements both;
  std::vector<double> ratios[std::size(kFigures)];
  LoadTimes turn_times = times;
  turn_times.length = times.length / kPairsOfTurns;
  for (int pair = 0; pair < kPairsOfTurns; ++pair) {
    // The other side has used the caches since the last turn, so every turn warms up; the first ones in full.
    turn_times.warm_up = pair == 0 ? times.warm_up : std::min(times.warm_up, turn_times.length / 4);
    Load of_pair = load;
    of_pair.seed = load.seed + static_cast<std::uint64_t>(pair);
    Measurement turn_a, turn_b;
    for (int turn = 0; turn < 2; ++turn) {
      next_turn(2 * pair + turn);
      if ((pair + turn) % 2 == 0)
        turn_a = measure(a, of_pair, turn_times, clock);
      else
        turn_b = measure(b, of_pair, turn_times, clock);
    }
    add(both.a, turn_a);
    add(both.b, turn_b);
    for (std::size_t i = 0; i < std::size(kFigures); ++i) {
      const auto of_a = kFigures[i].of(turn_a), of_b = kFigures[i].of(turn_b);
      if (of_a && of_b && *of_a > 0) ratios[i].push_back(*of_b / *of_a);
    }
  }
  both.a.noise = noise_in(both.a.use);
  both.b.noise = noise_in(both.b.use);
  for (std::size_t i = 0; i < std::size(kFigures); ++i) {
    const auto interval = ratio_interval(ratios[i]);
    if (interval && ratios[i].size() == kPairsOfTurns)
      both.figures.push_back({kFigures[i].name, kFigures[i].key, *interval});
  }
  return both;
}

}  // namespace gantry::inline GANTRY_ABI::cli

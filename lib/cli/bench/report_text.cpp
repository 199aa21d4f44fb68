// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/bench/report.hpp"
#include "cli/printable.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Status = Finding::Status;

/// Padded to a width, on the left or on the right.
std::string left(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}
std::string right(const std::string& text, std::size_t width) {
  return (text.size() < width ? std::string(width - text.size(), ' ') : "") + text;
}

constexpr std::size_t kLoadWidth = 14, kCountWidth = 9, kColumnWidth = 9;

std::string row(const std::string& load, const Measurement& measured) {
  const LoadResult& result = measured.load;
  std::string line = left(load, kLoadWidth) + right(std::to_string(result.latencies.count()), kCountWidth) +
                     right(number_text(result.answers_per_second), kColumnWidth + 1);
  for (const ReportedQuantile& quantile : kQuantiles) {
    const auto value = result.latencies.quantile(quantile.q);
    line += " " + right(value ? duration_text(*value) : "-", kColumnWidth);
  }
  const bool any = result.latencies.count() > 0;
  line += " " + right(any ? duration_text(result.latencies.max()) : "-", kColumnWidth);
  const auto cpu = measured.cpu_per_request();
  line += " " + right(cpu ? duration_text(*cpu) : "-", kColumnWidth) + right(std::to_string(result.failures.count), 8);
  return line + (measured.noise.empty() ? "" : measured.allows_noise ? "  noise" : "  VOID") + "\n";
}

std::string ratio_text(const RatioInterval& ratio) {
  return number_text(ratio.ratio) + " (" + number_text(ratio.low) + " to " + number_text(ratio.high) + ")";
}

std::string memory_text(const detail::ProcessMemory& memory) {
  std::string text = bytes_text(memory.resident_bytes) + " resident";
  if (memory.proportional_bytes) text += " (" + bytes_text(*memory.proportional_bytes) + " by share of pages)";
  return text + ", at most " + bytes_text(memory.peak_resident_bytes) + " since the start";
}

/// This process made the open loop's requests late, which adds to their latency.
std::string delays_text(const BenchReport& report) {
  constexpr double kWorthSaying = 0.1;
  std::string text;
  for (const MeasuredLoad& load : report.loads)
    for (const Measurement& side : load.sides) {
      const auto delay = side.load.send_delays.quantile(0.99);
      const auto latency = side.load.latencies.quantile(0.5);
      if (delay && latency && seconds_of(*delay) > kWorthSaying * seconds_of(*latency))
        text += "note      at " + load.load.title() + " one request in a hundred was sent over " +
                duration_text(*delay) + " late, which is part of its latency: this process did not get a CPU in time\n";
    }
  return text;
}

std::string others_text(const BenchReport& report) {
  constexpr double kWorthSaying = 0.1;
  double most = 0;
  for (const MeasuredLoad& load : report.loads)
    for (const Measurement& side : load.sides) most = std::max(most, side.use.others_cpus());
  if (most < kWorthSaying) return "";
  return "note      other processes kept up to " + number_text(most) +
         " of these CPUs busy; close them for figures that can be repeated\n";
}

}  // namespace

std::string text_header(const BenchReport& report) {
  std::string text;
  for (std::size_t i = 0; i < report.sides.size(); ++i) {
    const SideInfo& side = report.sides[i];
    const std::string label = report.label(i);
    text += left(label.empty() ? "package" : label, 10) + side.title + ", " + side.engines + ", opened in " +
            duration_text(side.open_time) + ", from " + side.directory + "\n";
  }
  text += "machine   " + report.machine.text() + "\n";
  text += "load      " + std::to_string(report.inputs.size()) + (report.inputs.size() == 1 ? " input, " : " inputs, ") +
          duration_text(report.times.length) + " each after " + duration_text(report.times.warm_up) + " of warm-up" +
          (report.sides.size() > 1 ? ", in turns, in one process" : "") + "\n\n";
  text =
      printable_lines(text) + left("", kLoadWidth) + right("answers", kCountWidth) + right("per s", kColumnWidth + 1);
  for (const ReportedQuantile& quantile : kQuantiles) text += " " + right(quantile.name, kColumnWidth);
  return text + " " + right("max", kColumnWidth) + " " + right("CPU/req", kColumnWidth) + right("failed", 8) + "\n";
}

std::string text_rows(const BenchReport& report, const MeasuredLoad& load) {
  std::string text;
  for (std::size_t i = 0; i < load.sides.size(); ++i) {
    const std::string label = report.label(i);
    text += row(load.load.title() + (label.empty() ? "" : ", " + label), load.sides[i]);
  }
  if (load.sides.size() < 2) return text;
  text += "  B / A: ";
  if (load.figures.empty()) text += "too few answers in a turn to compare; give more --seconds";
  for (std::size_t i = 0; i < load.figures.size(); ++i)
    text += (i > 0 ? ", " : "") + std::string(load.figures[i].name) + " " + ratio_text(load.figures[i].ratio);
  return text + "\n";
}

std::string text_footer(const BenchReport& report) {
  std::string text = "\n";
  if (!report.loads.empty()) text += "memory    " + memory_text(report.loads.back().sides.back().use.memory) + "\n";
  if (report.sides.size() > 1)
    text += "ratios    of " + std::to_string(kPairsOfTurns) +
            " pairs of turns, with the interval that holds the true "
            "one in 95 of 100 runs; memory is that of both\n";
  if (report.difference) text += "DIFFER    the answers are not the same: " + *report.difference + "\n";
  text += others_text(report) + delays_text(report);
  for (const Judgement& judgement : report.judgements) {
    const Finding& finding = judgement.finding;
    if (finding.status != Status::kOk || judgement.of == Judgement::Of::kBudget)
      text += left(finding.status == Status::kCouldNotRun ? "VOID" : to_string(finding.status), 10) + finding.name +
              ": " + finding.detail + "\n";
  }
  return printable_lines(text);
}

}  // namespace gantry::inline GANTRY_ABI::cli

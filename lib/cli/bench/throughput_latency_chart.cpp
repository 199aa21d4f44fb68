// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <vector>

#include "cli/bench/chart_axis.hpp"
#include "cli/bench/charts.hpp"
#include "cli/markup.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

constexpr double kChartWidth = 760, kChartHeight = 340;
constexpr double kChartLeft = 76, kChartRight = 744, kChartTop = 20, kChartBottom = 286;
constexpr double kMedian = 0.5, kTail = 0.99;

struct Axes {
  ChartAxis rate, latency;
};

/// Axes that contain all points; nullopt if there are none.
std::optional<Axes> axes_of(const BenchReport& report) {
  double most_rate = 0, least = 0, most = 0;
  for (const MeasuredLoad& load : report.loads)
    for (const Measurement& side : load.sides)
      for (const double q : {kMedian, kTail}) {
        const auto latency = side.load.latencies.quantile(q);
        if (!latency || latency->count() == 0) continue;
        const double seconds = seconds_of(*latency);
        least = least == 0 ? seconds : std::min(least, seconds);
        most = std::max(most, seconds);
        most_rate = std::max(most_rate, side.load.answers_per_second);
      }
  if (most == 0 || most_rate == 0) return std::nullopt;
  Axes axes;
  axes.rate = {0, most_rate * 1.1, false, kChartLeft, kChartRight};
  axes.latency = {least / 1.3, most * 1.4, true, kChartBottom, kChartTop};
  return axes;
}

std::string grid(const Axes& axes) {
  std::string svg;
  for (const double tick : axes.latency.ticks(7)) {
    const double y = axes.latency.place_of(tick);
    svg += svg_line(kChartLeft, y, kChartRight, y, "grid") +
           svg_text(kChartLeft - 8, y + 4, "tick end", seconds_tick(tick));
  }
  for (const double tick : axes.rate.ticks(8)) {
    const double x = axes.rate.place_of(tick);
    svg += svg_line(x, kChartBottom, x, kChartBottom + 5, "axis") +
           svg_text(x, kChartBottom + 20, "tick middle", number_tick(tick));
  }
  svg += svg_line(kChartLeft, kChartBottom, kChartRight, kChartBottom, "axis");
  svg += svg_text((kChartLeft + kChartRight) / 2, kChartBottom + 44, "label middle", "answers per second");
  return svg + "<text transform=\"translate(16 " + svg_number((kChartTop + kChartBottom) / 2) +
         ") rotate(-90)\" class=\"label middle\">latency</text>\n";
}

/// The points of one quantile of one side, in the order of the loads, connected by a line.
std::string curve(const BenchReport& report, std::size_t side, double q, const Axes& axes, const std::string& classes) {
  std::string path, points;
  for (const MeasuredLoad& load : report.loads) {
    const LoadResult& result = load.sides[side].load;
    const auto latency = result.latencies.quantile(q);
    if (!latency || latency->count() == 0) continue;
    const double x = axes.rate.place_of(result.answers_per_second);
    const double y = axes.latency.place_of(seconds_of(*latency));
    path += (path.empty() ? "M" : "L") + svg_number(x) + " " + svg_number(y);
    points += "<circle cx=\"" + svg_number(x) + "\" cy=\"" + svg_number(y) + "\" r=\"4\" class=\"point " + classes +
              "\"><title>" +
              markup_text(load.load.title() + ": " + number_text(result.answers_per_second) + "/s, " +
                          (q == kMedian ? "p50 " : "p99 ") + duration_text(*latency)) +
              "</title></circle>\n";
  }
  return path.empty() ? "" : "<path d=\"" + path + "\" class=\"curve " + classes + "\"/>\n" + points;
}

/// Each load's title above its highest point. A title that would cover another one is only in the point's tooltip.
std::string load_titles(const BenchReport& report, const Axes& axes) {
  constexpr double kRoom = 14, kCharacter = 6.5;
  struct Place {
    double x, y, half_width;
  };
  std::vector<Place> taken;
  std::string svg;
  for (const MeasuredLoad& load : report.loads) {
    const LatencyHistogram& latencies = load.sides[0].load.latencies;
    const auto tail = latencies.quantile(kTail);
    const auto highest = tail ? tail : latencies.quantile(kMedian);
    if (!highest) continue;
    const double half_width = kCharacter * static_cast<double>(load.load.title().size()) / 2;
    const double x = std::clamp(axes.rate.place_of(load.sides[0].load.answers_per_second), kChartLeft + half_width,
                                kChartRight - half_width);
    const double y = axes.latency.place_of(seconds_of(*highest)) - 10;
    const bool is_free = std::none_of(taken.begin(), taken.end(), [&](const Place& other) {
      return std::abs(other.x - x) < other.half_width + half_width && std::abs(other.y - y) < kRoom;
    });
    if (is_free) svg += svg_text(x, y, "tick middle", load.load.title());
    if (is_free) taken.push_back({x, y, half_width});
  }
  return svg;
}

std::string legend(const BenchReport& report) {
  std::string svg;
  double x = kChartLeft;
  for (std::size_t side = 0; side < report.sides.size(); ++side)
    for (const bool is_tail : {false, true}) {
      const std::string of = std::string(side == 0 ? "a" : "b") + (is_tail ? " tail" : "");
      const std::string label =
          report.label(side) + (report.label(side).empty() ? "" : " ") + (is_tail ? "p99" : "p50");
      svg += svg_line(x, kChartHeight - 6, x + 26, kChartHeight - 6, "curve " + of) +
             svg_text(x + 32, kChartHeight - 2, "tick", label);
      x += 84;
    }
  return svg;
}

}  // namespace

std::string throughput_latency_chart(const BenchReport& report) {
  const auto axes = axes_of(report);
  if (!axes) return "";
  std::string svg = "<svg viewBox=\"0 0 " + svg_number(kChartWidth) + " " + svg_number(kChartHeight) +
                    "\" role=\"img\" aria-label=\"latency over answers per second\">\n" + grid(*axes);
  for (std::size_t side = 0; side < report.sides.size(); ++side) {
    const std::string of = side == 0 ? "a" : "b";
    svg += curve(report, side, kTail, *axes, of + " tail") + curve(report, side, kMedian, *axes, of);
  }
  return svg + load_titles(report, *axes) + legend(report) + "</svg>\n";
}

}  // namespace gantry::inline GANTRY_ABI::cli

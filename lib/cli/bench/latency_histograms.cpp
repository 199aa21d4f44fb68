// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/bench/chart_axis.hpp"
#include "cli/bench/charts.hpp"
#include "cli/markup.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

constexpr double kHistogramWidth = 760, kHistogramLeft = 16, kHistogramRight = 744;
constexpr double kRowHeight = 160, kBarsTop = 72, kBarsBottom = 150;  // within a row; quantiles are above the bars
constexpr double kAxisHeight = 54;

/// Logarithmic, from the fastest to the slowest answer; nullopt without answers.
std::optional<ChartAxis> axis_of(const BenchReport& report) {
  double least = 0, most = 0;
  for (const MeasuredLoad& load : report.loads)
    for (const Measurement& side : load.sides) {
      const LatencyHistogram& latencies = side.load.latencies;
      if (latencies.count() == 0) continue;
      const double low = std::max(1e-9, seconds_of(latencies.min()));
      least = least == 0 ? low : std::min(least, low);
      most = std::max(most, seconds_of(latencies.max()));
    }
  if (most == 0) return std::nullopt;
  return ChartAxis{least / 1.05, std::max(most, least) * 1.05, true, kHistogramLeft, kHistogramRight};
}

/// Bars of about six pixels.
int buckets_per_octave(const ChartAxis& axis) {
  const double octaves = std::log2(axis.high / axis.low);
  int per_octave = 128;
  while (per_octave > 1 && per_octave * octaves > (kHistogramRight - kHistogramLeft) / 6) per_octave /= 2;
  return per_octave;
}

std::string bars(const LatencyHistogram& latencies, const ChartAxis& axis, double top, const std::string& classes) {
  const auto buckets = latencies.buckets(buckets_per_octave(axis));
  std::uint64_t most = 1;
  for (const auto& bucket : buckets) most = std::max(most, bucket.count);
  std::string svg;
  for (const auto& bucket : buckets) {
    const double left = axis.place_of(std::max(axis.low, seconds_of(bucket.below)));
    const double right = axis.place_of(seconds_of(bucket.upper));
    // A single slow request among thousands must be visible.
    const double height =
        std::max(1.5, (kBarsBottom - kBarsTop) * static_cast<double>(bucket.count) / static_cast<double>(most));
    svg += "<rect x=\"" + svg_number(left) + "\" y=\"" + svg_number(top + kBarsBottom - height) + "\" width=\"" +
           svg_number(std::max(1.0, right - left - 0.6)) + "\" height=\"" + svg_number(height) + "\" class=\"bar " +
           classes + "\"><title>" +
           markup_text(std::to_string(bucket.count) + " of " + std::to_string(latencies.count()) + " took " +
                       duration_text(bucket.below) + " to " + duration_text(bucket.upper)) +
           "</title></rect>\n";
  }
  return svg;
}

/// A line from each quantile's name down. Names are on separate rows, so that close ones do not overlap.
std::string quantile_marks(const LatencyHistogram& latencies, const ChartAxis& axis, double top) {
  constexpr double kFirstLine = 33, kLineHeight = 11;
  std::string svg;
  double y = top + kFirstLine;
  for (const ReportedQuantile& quantile : kQuantiles) {
    const auto value = latencies.quantile(quantile.q);
    if (!value) continue;
    const double x = axis.place_of(std::max(axis.low, seconds_of(*value)));
    const bool is_at_end = x > kHistogramRight - 110;
    svg += svg_line(x, y - 8, x, top + kBarsBottom, "mark");
    svg += svg_text(is_at_end ? x - 4 : x + 4, y, is_at_end ? "small end" : "small",
                    std::string(quantile.name) + " " + duration_text(*value));
    y += kLineHeight;
  }
  return svg;
}

std::string row(const BenchReport& report, const MeasuredLoad& load, std::size_t side, const ChartAxis& axis,
                double top) {
  const LatencyHistogram& latencies = load.sides[side].load.latencies;
  const std::string label = report.label(side);
  std::string svg = svg_text(
      kHistogramLeft, top + 16, "row-title",
      load.load.title() + (label.empty() ? "" : ", " + label) + ": " + std::to_string(latencies.count()) + " answers");
  svg += svg_line(kHistogramLeft, top + kBarsBottom, kHistogramRight, top + kBarsBottom, "axis");
  return svg + bars(latencies, axis, top, side == 0 ? "a" : "b") + quantile_marks(latencies, axis, top);
}

}  // namespace

std::string latency_histograms(const BenchReport& report) {
  const auto axis = axis_of(report);
  if (!axis) return "";
  double top = 0;
  std::string rows;
  for (const MeasuredLoad& load : report.loads)
    for (std::size_t side = 0; side < load.sides.size(); ++side) {
      rows += row(report, load, side, *axis, top);
      top += kRowHeight;
    }
  std::string ticks;
  for (const double tick : axis->ticks(10)) {
    const double x = axis->place_of(tick);
    ticks += svg_line(x, 0, x, top + 4, "grid") + svg_text(x, top + 18, "tick middle", seconds_tick(tick));
  }
  return "<svg viewBox=\"0 0 " + svg_number(kHistogramWidth) + " " + svg_number(top + kAxisHeight) +
         "\" role=\"img\" aria-label=\"distribution of latencies\">\n" + ticks + rows +
         svg_text((kHistogramLeft + kHistogramRight) / 2, top + 42, "label middle",
                  "latency; height: share of the answers") +
         "</svg>\n";
}

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// The charts of a report, as SVG within an HTML page that defines the classes of its lines.
#pragma once

#include <string>

#include "cli/bench/report.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Latency (logarithmic) over answers per second: p50 and p99 of each load, a line for each side. Empty if no load was
/// answered.
std::string throughput_latency_chart(const BenchReport& report);

/// The distribution of latencies (logarithmic), a row for each load and side, with its quantiles marked. Empty if no
/// load was answered.
std::string latency_histograms(const BenchReport& report);

/// SVG's <text>, with the text escaped.
std::string svg_text(double x, double y, const std::string& classes, const std::string& text);
/// SVG's <line>.
std::string svg_line(double x1, double y1, double x2, double y2, const std::string& classes);
/// A coordinate.
std::string svg_number(double number);

}  // namespace gantry::inline GANTRY_ABI::cli

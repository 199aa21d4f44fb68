// SPDX-License-Identifier: Apache-2.0
// The charts of a report as SVG. The HTML page around them defines the CSS classes.
#pragma once

#include <string>

#include "cli/bench/report.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Latency (logarithmic) over answers per second: p50 and p99 of each load, one line per side. Empty if no load was
/// answered.
std::string throughput_latency_chart(const BenchReport& report);

/// The distribution of latencies (logarithmic), one row per load and side, with its quantiles marked. Empty if no load
/// was answered.
std::string latency_histograms(const BenchReport& report);

/// An SVG <text>; escapes the text.
std::string svg_text(double x, double y, const std::string& classes, const std::string& text);
/// An SVG <line>.
std::string svg_line(double x1, double y1, double x2, double y2, const std::string& classes);
/// A coordinate as text.
std::string svg_number(double number);

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// Durations, rates and sizes as people write and read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// "20ms", "1.5s", "800us", "250ns", "2min", "1h": a number above zero and a unit, with or without a space; at most
/// 1000 h. invalid_argument says what is expected.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// A decimal number within limits. invalid_argument says what is expected.
Result<double> parse_number(std::string_view text, double low, double high);

/// "1,2,4.5": at least one number.
Result<std::vector<double>> parse_numbers(std::string_view text, double low, double high);

/// Three significant digits: "812 ns", "81.2 us", "20.9 ms", "1.25 s".
std::string duration_text(std::chrono::nanoseconds value);

/// Three significant digits, but whole numbers from 100 on: "0.125", "47.1", "1234".
std::string number_text(double value);

/// "212 MiB", "1.50 GiB".
std::string bytes_text(std::uint64_t bytes);

double milliseconds_of(std::chrono::nanoseconds value);
double seconds_of(std::chrono::nanoseconds value);
/// The nearest nanosecond.
std::chrono::nanoseconds duration_of(double seconds);

}  // namespace gantry::inline GANTRY_ABI::cli

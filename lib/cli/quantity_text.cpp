// SPDX-License-Identifier: Apache-2.0
#include "cli/quantity_text.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr Unit kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}};
constexpr double kMostSeconds = 1000 * 3600.0;

/// The number at the front, and its end; nullopt if there is none.
std::optional<std::pair<double, std::size_t>> leading_number(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (read.ec != std::errc()) return std::nullopt;
  return std::pair(number, static_cast<std::size_t>(read.ptr - text.data()));
}

Error expected(const std::string& what, std::string_view got) {
  return Error(ErrorCode::kInvalidArgument, "expected " + what + ", got '" + std::string(got) + "'");
}

/// Three significant digits; no fraction from 100 on.
std::string significant(double value) {
  const double size = std::abs(value);
  return detail::to_fixed_text(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3);
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto number = leading_number(text);
  if (number) {
    std::string_view unit = text.substr(number->second);
    while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
    for (const Unit& known : kUnits) {
      const double seconds = number->first * known.seconds;
      if (unit == known.name && seconds >= 1e-9 && seconds <= kMostSeconds) return duration_of(seconds);
    }
  }
  return expected("a duration of 1ns to 1000h with its unit (ns, us, ms, s, min, h), such as 20ms", text);
}

Result<double> parse_number(std::string_view text, double low, double high) {
  const auto number = leading_number(text);
  if (number && number->second == text.size() && number->first >= low && number->first <= high) return number->first;
  return expected("a number from " + detail::to_text(low) + " to " + detail::to_text(high), text);
}

Result<std::vector<double>> parse_numbers(std::string_view text, double low, double high) {
  std::vector<double> numbers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    GANTRY_ASSIGN_OR_RETURN(const auto number, parse_number(text.substr(begin, end - begin), low, high));
    numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}

std::string duration_text(std::chrono::nanoseconds value) {
  const double ns = static_cast<double>(value.count());
  if (ns < 999.5) return std::to_string(value.count()) + " ns";
  if (ns < 999.5e3) return significant(ns / 1e3) + " us";
  if (ns < 999.5e6) return significant(ns / 1e6) + " ms";
  return significant(ns / 1e9) + " s";
}

std::string number_text(double value) {
  return significant(value);
}

std::string bytes_text(std::uint64_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / (1 << 20);
  return mebibytes < 999.5 ? significant(mebibytes) + " MiB" : significant(mebibytes / 1024) + " GiB";
}

double milliseconds_of(std::chrono::nanoseconds value) {
  return static_cast<double>(value.count()) / 1e6;
}

double seconds_of(std::chrono::nanoseconds value) {
  return static_cast<double>(value.count()) / 1e9;
}

std::chrono::nanoseconds duration_of(double seconds) {
  return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

}  // namespace gantry::inline GANTRY_ABI::cli

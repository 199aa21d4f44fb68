// SPDX-License-Identifier: Apache-2.0
// Parses the kernel's text files under /proc and /sys/fs/cgroup: words, lists, integers, and tables of "key value".
#pragma once

#include <cstdint>
#include <gantry/version.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

std::vector<std::string_view> split(std::string_view text, char separator);

/// The words of a line or a file, separated by any white space.
std::vector<std::string_view> words(std::string_view text);

/// The whole text as a decimal integer; nullopt if it is not one, or does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

/// The integer after `key` in a file of lines "key value" (cpu.stat, memory.stat) or "key: value kB" (meminfo; pass the
/// key with its colon).
std::optional<std::int64_t> find_value(std::string_view table, std::string_view key);

/// "2", "1.5": at most three digits after the decimal point.
std::string thousandths_text(double number);

}  // namespace gantry::inline GANTRY_ABI::detail

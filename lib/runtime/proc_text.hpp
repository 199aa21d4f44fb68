// SPDX-License-Identifier: Apache-2.0
// The text of the kernel's files under /proc and /sys/fs/cgroup: words, lists, integers, and tables of "key value".
#pragma once

#include <cstdint>
#include <gantry/version.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

std::vector<std::string_view> split(std::string_view text, char separator);

/// The words of a line or a file, whatever white space is between them.
std::vector<std::string_view> words(std::string_view text);

/// The whole text as a decimal integer; nothing if it is none, or does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

/// The integer behind `key` in a file of lines "key value" (cpu.stat, memory.stat) or "key: value kB" (meminfo, where
/// the colon belongs to the key).
std::optional<std::int64_t> find_value(std::string_view table, std::string_view key);

/// "2", "1.5": three digits after the point at most.
std::string thousandths_text(double number);

}  // namespace gantry::inline GANTRY_ABI::detail

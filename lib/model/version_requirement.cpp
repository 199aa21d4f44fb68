// SPDX-License-Identifier: Apache-2.0
#include "model/version_requirement.hpp"

#include <algorithm>
#include <charconv>
#include <gantry/isa.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// {2, 15} for "2.15.0+cpu"; {0, 0} if the text is not a version.
std::pair<int, int> major_minor(std::string_view text) {
  std::pair<int, int> version{0, 0};
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.')
    std::from_chars(major.ptr + 1, end, version.second);
  return version;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "2.15" or ">=2.6".
bool is_version_requirement(std::string_view text) {
  if (text.rfind(">=", 0) == 0) text.remove_prefix(2);
  const auto dot = text.find('.');
  return dot != std::string_view::npos && is_digits(text.substr(0, dot)) && is_digits(text.substr(dot + 1));
}

}  // namespace

bool meets_version(std::string_view version, std::string_view requirement) {
  const bool is_minimum = requirement.rfind(">=", 0) == 0;
  if (is_minimum) requirement.remove_prefix(2);
  const auto have = major_minor(version);
  const auto need = major_minor(requirement);
  return is_minimum ? have >= need : have == need;
}

Result<void> check_version_and_isa(const JsonView& requirements, const char* name, const std::string& version,
                                   const char* form) {
  JsonFields fields(requirements);
  const std::string wanted = fields.string(name, "");
  const std::string isa = fields.string("isa", "");
  const bool has_version = fields.has(name);
  const bool has_isa_level = fields.has("isa");
  if (fields.ok() && has_version && !is_version_requirement(wanted))
    fields.fail(name, std::string("expected ") + form + ", got \"" + wanted + "\"");
  if (auto ok = fields.finish(); !ok) return ok;
  if (has_version && !meets_version(version, wanted))
    return Error(ErrorCode::kFailedPrecondition,
                 "requires " + std::string(name) + " " + wanted + ", this is " + version);
  return has_isa_level ? check_isa(isa) : Result<void>();
}

}  // namespace gantry::inline GANTRY_ABI::detail

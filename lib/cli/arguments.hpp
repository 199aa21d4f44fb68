// SPDX-License-Identifier: Apache-2.0
// Arguments: a command line, parsed according to what a command accepts.
#pragma once

#include <gantry/result.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// One `--name` a command accepts.
struct OptionSpec {
  std::string name;  ///< without the dashes
  bool takes_value = false;
  bool may_repeat = false;
};

/// What a command accepts. `usage` is its line in the help: "run PKG INPUT... [--explain]".
struct CommandSpec {
  std::string usage;
  std::size_t min_positional = 0;
  std::size_t max_positional = 0;
  std::vector<OptionSpec> options;
};

/// invalid_argument: the command line is wrong; `message` says how.
Error usage_error(const std::string& message);

/// Ownership: owns its text.
/// Threads:   immutable.
/// Errors:    parse: invalid_argument names the argument and what is accepted.
/// Cost:      linear.
class Arguments {
 public:
  /// `--name value`, `--name=value` and `--flag` in any order; `--` ends the options.
  static Result<Arguments> parse(const std::vector<std::string>& words, const CommandSpec& spec);

  const std::vector<std::string>& positional() const { return positional_; }
  bool has(const std::string& name) const { return options_.count(name) > 0; }
  std::optional<std::string> value(const std::string& name) const;
  std::vector<std::string> values(const std::string& name) const;

 private:
  std::vector<std::string> positional_;
  std::map<std::string, std::vector<std::string>> options_;
};

}  // namespace gantry::inline GANTRY_ABI::cli

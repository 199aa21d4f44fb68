// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.hpp"

#include <algorithm>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {

Error usage_error(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

namespace {

std::string known_options(const CommandSpec& spec) {
  std::string text;
  for (const OptionSpec& option : spec.options) text += (text.empty() ? "--" : ", --") + option.name;
  return text.empty() ? "this command has no options" : "known are " + text;
}

Result<void> check_count(std::size_t count, const CommandSpec& spec) {
  if (count < spec.min_positional) return usage_error("too few arguments");
  if (count > spec.max_positional) return usage_error("too many arguments");
  return {};
}

}  // namespace

Result<Arguments> Arguments::parse(const std::vector<std::string>& words, const CommandSpec& spec) {
  Arguments arguments;
  bool options_ended = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (options_ended || word.size() < 2 || word[0] != '-') {
      arguments.positional_.push_back(word);
      continue;
    }
    if (word == "--") {
      options_ended = true;
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.rfind("--", 0) == 0 ? word.substr(2, equals - 2) : "";
    const auto option = std::find_if(spec.options.begin(), spec.options.end(),
                                     [&](const OptionSpec& candidate) { return candidate.name == name; });
    if (option == spec.options.end()) return usage_error("unknown option '" + word + "'; " + known_options(spec));
    std::string value;
    if (option->takes_value) {
      if (equals == std::string::npos && i + 1 == words.size()) return usage_error("--" + name + " needs a value");
      value = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
      if (value.empty()) return usage_error("--" + name + " needs a value, got an empty one");
    } else if (equals != std::string::npos) {
      return usage_error("--" + name + " takes no value");
    }
    auto& values = arguments.options_[name];
    if (!values.empty() && !option->may_repeat) return usage_error("--" + name + " may be given once");
    values.push_back(std::move(value));
  }
  GANTRY_RETURN_IF_ERROR(check_count(arguments.positional_.size(), spec));
  return arguments;
}

std::optional<std::string> Arguments::value(const std::string& name) const {
  const auto found = options_.find(name);
  if (found == options_.end()) return std::nullopt;
  return found->second.front();
}

std::vector<std::string> Arguments::values(const std::string& name) const {
  const auto found = options_.find(name);
  return found == options_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace gantry::inline GANTRY_ABI::cli

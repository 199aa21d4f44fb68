// SPDX-License-Identifier: Apache-2.0
// gantry ops: lists the ops that a config may use.
#include <algorithm>
#include <cstdio>
#include <gantry/plugin.hpp>
#include <gantry/registry.hpp>
#include <map>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/printable.hpp"
#include "core/near_names.hpp"
#include "pipeline/op_table.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

void print_line(const std::string& line) {
  std::printf("%s\n", printable(line).c_str());
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string types_of(const OpDescription& op) {
  return op.takes + " -> " + op.gives;
}

std::string with_values(const std::string& type, const std::string& values) {
  return values.empty() ? type : type + " " + values;
}

void print_list(const Registry& registry) {
  std::map<std::string, std::vector<OpDescription>> domains;
  std::size_t longest_name = 0, longest_types = 0;
  for (OpDescription& op : registry.descriptions()) {
    longest_name = std::max(longest_name, op.name.size());
    longest_types = std::max(longest_types, types_of(op).size());
    domains[op.domain].push_back(std::move(op));
  }
  for (const auto& [domain, ops] : domains) {
    print_line(domain);
    for (const OpDescription& op : ops)
      print_line("  " + padded(op.name, longest_name + 2) + padded(types_of(op), longest_types + 2) + op.summary);
  }
  print_line("predicates of `when`");
  for (const PredicateDescription& predicate : registry.predicates())
    print_line("  " + padded(predicate.name, longest_name + 2) + padded(predicate.takes, longest_types + 2) +
               predicate.summary);
}

/// "0..65535, default 0", or what it means to omit the parameter.
std::string rule_of(const OpParameter& parameter) {
  const std::string fallback = detail::default_json(parameter);
  if (parameter.is_required()) return detail::limits_text(parameter) + "; required";
  if (!fallback.empty()) return detail::limits_text(parameter) + "; default " + fallback;
  return detail::limits_text(parameter) + (parameter.absence().empty() ? "" : "; without it: " + parameter.absence());
}

void print_parameters(const OpDescription& op) {
  if (op.parameters.empty()) return print_line("parameters: none");
  std::size_t longest = 0;
  for (const OpParameter& parameter : op.parameters) longest = std::max(longest, parameter.name().size());
  print_line("parameters");
  for (const OpParameter& parameter : op.parameters) {
    print_line("  " + padded(parameter.name(), longest + 2) + rule_of(parameter));
    if (!parameter.meaning().empty()) print_line("  " + padded("", longest + 2) + parameter.meaning());
  }
  std::string alternatives;
  for (const auto& alternative : op.one_of) {
    std::string names;
    for (const std::string& name : alternative) names += (names.empty() ? "" : " and ") + name;
    alternatives += (alternatives.empty() ? "" : ", or ") + names;
  }
  if (!alternatives.empty()) print_line("  give " + alternatives);
}

void print_op(const OpDescription& op) {
  print_line(op.name + ": " + with_values(op.takes, op.input) + " -> " + with_values(op.gives, op.output));
  if (!op.summary.empty()) print_line("  " + op.summary);
  print_parameters(op);
  if (!op.reference.empty()) print_line("reference: " + op.reference);
  if (!op.tolerance.empty()) print_line("tolerance: " + op.tolerance);
  if (!op.example.empty()) print_line("example: " + op.example);
}

}  // namespace

CommandSpec ops_spec() {
  return {"ops [NAME] [--json] [--plugin PATH]...", 0, 1, {{"json"}, {"plugin", true, true}}};
}

int ops_command(const Arguments& arguments) {
  Registry registry = Registry::builtin();
  for (const std::string& path : arguments.values("plugin"))
    if (auto loaded = load_plugin(path, registry); !loaded)
      return complain_of_options(loaded.error().within("--plugin"));
  if (arguments.has("json") && arguments.positional().empty()) {
    std::fputs(detail::op_table_json(registry).c_str(), stdout);
    return kExitOk;
  }
  if (arguments.positional().empty()) {
    print_list(registry);
    return kExitOk;
  }
  const std::string& name = arguments.positional().front();
  if (const OpDescription* op = registry.find(name)) {
    if (arguments.has("json"))
      std::fputs(detail::op_json_text(*op).c_str(), stdout);
    else
      print_op(*op);
    return kExitOk;
  }
  std::vector<std::string> names;
  for (const OpDescription& op : registry.descriptions()) names.push_back(op.name);
  std::string near;
  for (const std::string& candidate : detail::near_names(name, names)) near += (near.empty() ? "" : ", ") + candidate;
  return complain("unknown op '" + name + "'; " + (near.empty() ? "`gantry ops` lists all" : "near it are " + near),
                  kExitUsage);
}

}  // namespace gantry::inline GANTRY_ABI::cli

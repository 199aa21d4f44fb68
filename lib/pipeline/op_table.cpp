// SPDX-License-Identifier: Apache-2.0
#include "pipeline/op_table.hpp"

#include <nlohmann/json.hpp>

#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Ordered = nlohmann::ordered_json;
using Type = OpParameter::Type;

/// Prints whole numbers without a fraction, as limits were written.
Ordered number_json(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? Ordered(whole) : Ordered(value);
}

struct ToJson {
  Ordered operator()(std::monostate) const { return nullptr; }
  Ordered operator()(bool value) const { return value; }
  Ordered operator()(std::int64_t value) const { return value; }
  Ordered operator()(double value) const { return number_json(value); }
  Ordered operator()(const std::string& value) const { return value; }
  Ordered operator()(const std::vector<double>& values) const {
    Ordered list = Ordered::array();
    for (const double value : values) list.push_back(number_json(value));
    return list;
  }
};

Ordered parameter_json(const OpParameter& parameter) {
  Ordered json = {{"name", parameter.name()},
                  {"type", to_string(parameter.type())},
                  {"required", parameter.is_required()},
                  {"meaning", parameter.meaning()}};
  if (parameter.default_value().index() != 0) json["default"] = std::visit(ToJson(), parameter.default_value());
  if (!parameter.absence().empty()) json["absent"] = parameter.absence();
  if (!parameter.choices().empty()) json["choices"] = parameter.choices();
  if (!parameter.counts().empty()) json["counts"] = parameter.counts();
  if (parameter.least())
    json[parameter.excludes_least() ? "exclusive_minimum" : "minimum"] = number_json(*parameter.least());
  if (parameter.most()) json["maximum"] = number_json(*parameter.most());
  if (parameter.is_whole() && parameter.type() != Type::kInteger) json["whole"] = true;
  if (parameter.excludes_zero()) json["nonzero"] = true;
  if (parameter.allows_zero()) json["or_zero"] = true;
  return json;
}

Ordered op_json(const OpDescription& op) {
  Ordered json = {{"name", op.name},   {"domain", op.domain},   {"takes", op.takes},
                  {"gives", op.gives}, {"summary", op.summary}, {"parameters", Ordered::array()}};
  for (const OpParameter& parameter : op.parameters) json["parameters"].push_back(parameter_json(parameter));
  if (!op.one_of.empty()) json["one_of"] = op.one_of;
  const std::pair<const char*, const std::string&> texts[] = {
      {"input", op.input}, {"output", op.output}, {"reference", op.reference}, {"tolerance", op.tolerance}};
  for (const auto& [key, text] : texts)
    if (!text.empty()) json[key] = text;
  if (op.example.empty()) return json;
  Ordered example = Ordered::parse(op.example, nullptr, false);  // the example of a host's op may be invalid JSON
  json["example"] = example.is_discarded() ? Ordered(op.example) : std::move(example);
  return json;
}

std::string number_limits(const OpParameter& parameter) {
  std::string text;
  if (parameter.least() && parameter.most() && !parameter.excludes_least())
    text = to_text(*parameter.least(), 17) + ".." + to_text(*parameter.most(), 17);
  else {
    if (parameter.least())
      text = (parameter.excludes_least() ? "above " : "from ") + to_text(*parameter.least(), 17) +
             (parameter.excludes_least() ? "" : " on");
    if (parameter.most()) text += (text.empty() ? "at most " : ", at most ") + to_text(*parameter.most(), 17);
  }
  if (parameter.allows_zero()) text = "0 or " + text;
  if (parameter.excludes_zero()) text += text.empty() ? "not 0" : ", not 0";
  return text;
}

std::string count_text(const OpParameter& parameter) {
  const auto& counts = parameter.counts();
  if (counts.empty()) return "numbers";
  if (counts.size() == 1) return std::to_string(counts[0]) + " numbers";
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i)
    text += (i == 0 ? "" : i + 1 == counts.size() ? " or " : ", ") + std::to_string(counts[i]);
  return text + " numbers";
}

}  // namespace

std::string default_json(const OpParameter& parameter) {
  if (parameter.default_value().index() == 0) return "";
  return std::visit(ToJson(), parameter.default_value()).dump();
}

std::string limits_text(const OpParameter& parameter) {
  std::string text;
  const std::string limits = number_limits(parameter);
  switch (parameter.type()) {
    case Type::kInteger:
      return limits.empty() ? "integer" : limits;
    case Type::kNumber:
      return limits.empty() ? "number" : limits;
    case Type::kNumbers:
      text = count_text(parameter);
      if (parameter.is_whole()) text = text.substr(0, text.size() - 7) + "integers";
      return text + (limits.empty() ? "" : ", " + limits);
    case Type::kBoolean:
      return "true or false";
    case Type::kChoice:
      for (const std::string& choice : parameter.choices()) text += (text.empty() ? "" : ", ") + choice;
      return text;
    case Type::kString:
      return "text";
    case Type::kStrings:
      return "list of texts";
    case Type::kFile:
      return "file of the package";
    case Type::kObject:
      return "object";
    case Type::kOps:
      return "list of ops";
    case Type::kBranches:
      return "lists of ops";
  }
  return text;
}

namespace {

std::string text_of(const Ordered& json) {
  return json.dump(2, ' ', false, Ordered::error_handler_t::replace) + "\n";
}

}  // namespace

std::string op_json_text(const OpDescription& op) {
  return text_of(op_json(op));
}

std::string op_table_json(const Registry& registry) {
  Ordered table = {{"ops", Ordered::array()}, {"predicates", Ordered::array()}};
  for (const OpDescription& op : registry.descriptions()) table["ops"].push_back(op_json(op));
  for (const PredicateDescription& predicate : registry.predicates())
    table["predicates"].push_back(
        {{"name", predicate.name}, {"takes", predicate.takes}, {"summary", predicate.summary}});
  return text_of(table);
}

}  // namespace gantry::inline GANTRY_ABI::detail

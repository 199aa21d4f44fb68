// SPDX-License-Identifier: Apache-2.0
// OpParameter and OpDescription: values with names for their limits.
#include <gantry/op_description.hpp>

#include <algorithm>

namespace gantry::inline GANTRY_ABI {

OpParameter OpParameter::of(Type type, std::string name, std::string meaning) {
  return OpParameter(type, std::move(name), std::move(meaning));
}

OpParameter OpParameter::integer(std::string name, std::int64_t least, std::int64_t most, std::string meaning) {
  return of(Type::kInteger, std::move(name), std::move(meaning))
      .at_least(static_cast<double>(least))
      .at_most(static_cast<double>(most))
      .whole();
}

OpParameter OpParameter::number(std::string name, std::string meaning) {
  return of(Type::kNumber, std::move(name), std::move(meaning));
}

OpParameter OpParameter::numbers(std::string name, std::vector<std::size_t> counts, std::string meaning) {
  OpParameter parameter = of(Type::kNumbers, std::move(name), std::move(meaning));
  parameter.counts_ = std::move(counts);
  return parameter;
}

OpParameter OpParameter::boolean(std::string name, std::string meaning) {
  return of(Type::kBoolean, std::move(name), std::move(meaning));
}

OpParameter OpParameter::choice(std::string name, std::vector<std::string> choices, std::string meaning) {
  OpParameter parameter = of(Type::kChoice, std::move(name), std::move(meaning));
  parameter.choices_ = std::move(choices);
  return parameter;
}

OpParameter OpParameter::file(std::string name, std::string meaning) {
  return of(Type::kFile, std::move(name), std::move(meaning));
}

OpParameter OpParameter::by_default(OpValue value) const {
  OpParameter changed = *this;
  changed.default_ = std::move(value);
  changed.is_required_ = false;
  return changed;
}

OpParameter OpParameter::or_else(std::string absence) const {
  OpParameter changed = *this;
  changed.absence_ = std::move(absence);
  changed.is_required_ = false;
  return changed;
}

OpParameter OpParameter::at_least(double least) const {
  OpParameter changed = *this;
  changed.least_ = least;
  return changed;
}

OpParameter OpParameter::at_most(double most) const {
  OpParameter changed = *this;
  changed.most_ = most;
  return changed;
}

OpParameter OpParameter::above(double bound) const {
  OpParameter changed = at_least(bound);
  changed.excludes_least_ = true;
  return changed;
}

OpParameter OpParameter::whole() const {
  OpParameter changed = *this;
  changed.is_whole_ = true;
  return changed;
}

OpParameter OpParameter::not_zero() const {
  OpParameter changed = *this;
  changed.excludes_zero_ = true;
  return changed;
}

OpParameter OpParameter::or_zero() const {
  OpParameter changed = *this;
  changed.allows_zero_ = true;
  return changed;
}

const char* to_string(OpParameter::Type type) noexcept {
  switch (type) {
    case OpParameter::Type::kInteger:
      return "integer";
    case OpParameter::Type::kNumber:
      return "number";
    case OpParameter::Type::kNumbers:
      return "numbers";
    case OpParameter::Type::kBoolean:
      return "boolean";
    case OpParameter::Type::kChoice:
      return "choice";
    case OpParameter::Type::kString:
      return "string";
    case OpParameter::Type::kStrings:
      return "strings";
    case OpParameter::Type::kFile:
      return "file";
    case OpParameter::Type::kObject:
      return "object";
    case OpParameter::Type::kOps:
      return "ops";
    case OpParameter::Type::kBranches:
      return "branches";
  }
  return "unknown";
}

const OpParameter* OpDescription::find(std::string_view parameter) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const OpParameter& candidate) { return candidate.name() == parameter; });
  return found == parameters.end() ? nullptr : &*found;
}

}  // namespace gantry::inline GANTRY_ABI

// SPDX-License-Identifier: Apache-2.0
// OpDescription: the single description of a config's op, given at its registration. `gantry ops` prints it, the table
// of ops in manifest.schema.md is made from it, and ParamReader takes defaults and choices from it.
//
//   OpDescription description;
//   description.summary = "sharpens by unsharp masking";
//   description.parameters = {OpParameter::integer("radius", 1, 64, "in pixels").by_default(2)};
//   description.example = R"({"op": "acme.sharpen", "radius": 3})";
//   registry.add<Image, Image>("acme.sharpen", read_sharpen, description);
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// A default: none, or a JSON value of the parameter's type.
using OpValue = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<double>>;

/// One parameter of an op: its name, JSON type, limits and default. Without by_default() or or_else() it is required.
///
/// Ownership: owns its texts.
/// Threads:   immutable once made; thread-compatible.
/// Errors:    none.
/// Cost:      a few strings.
class GANTRY_API OpParameter {
 public:
  enum class Type : std::uint8_t {
    kInteger,
    kNumber,   ///< finite
    kNumbers,  ///< one number, or a list of numbers
    kBoolean,
    kChoice,  ///< one of a few texts
    kString,
    kStrings,  ///< a list of texts
    kFile,     ///< the relative name of a file of the package
    kObject,
    kOps,       ///< a list of ops
    kBranches,  ///< a list of lists of ops
  };

  /// least <= value <= most.
  static OpParameter integer(std::string name, std::int64_t least, std::int64_t most, std::string meaning);
  static OpParameter number(std::string name, std::string meaning);
  /// `counts`: the allowed numbers of values, where 1 also allows a bare number; empty: any, at least 1.
  static OpParameter numbers(std::string name, std::vector<std::size_t> counts, std::string meaning);
  static OpParameter boolean(std::string name, std::string meaning);
  static OpParameter choice(std::string name, std::vector<std::string> choices, std::string meaning);
  static OpParameter file(std::string name, std::string meaning);
  /// For a type without limits: kString, kStrings, kObject, kOps, kBranches.
  static OpParameter of(Type type, std::string name, std::string meaning);

  OpParameter by_default(OpValue value) const;
  OpParameter by_default(bool value) const { return by_default(OpValue(value)); }
  OpParameter by_default(int value) const { return by_default(OpValue(std::int64_t{value})); }
  OpParameter by_default(std::int64_t value) const { return by_default(OpValue(value)); }
  OpParameter by_default(double value) const { return by_default(OpValue(value)); }
  OpParameter by_default(const char* value) const { return by_default(OpValue(std::string(value))); }
  /// May be omitted; `absence` says what that means: "the whole"; empty if another parameter replaces it.
  OpParameter or_else(std::string absence) const;

  /// Limits of every number of the parameter.
  OpParameter at_least(double least) const;
  OpParameter at_most(double most) const;
  OpParameter above(double bound) const;
  OpParameter whole() const;     ///< integers only
  OpParameter not_zero() const;  ///< also not zero after rounding to float32
  OpParameter or_zero() const;   ///< 0 is allowed as well

  const std::string& name() const { return name_; }
  Type type() const { return type_; }
  const std::string& meaning() const { return meaning_; }
  bool is_required() const { return is_required_; }
  const OpValue& default_value() const { return default_; }
  const std::string& absence() const { return absence_; }
  const std::vector<std::string>& choices() const { return choices_; }
  const std::vector<std::size_t>& counts() const { return counts_; }
  std::optional<double> least() const { return least_; }
  std::optional<double> most() const { return most_; }
  bool excludes_least() const { return excludes_least_; }
  bool is_whole() const { return is_whole_; }
  bool excludes_zero() const { return excludes_zero_; }
  bool allows_zero() const { return allows_zero_; }

 private:
  OpParameter(Type type, std::string name, std::string meaning)
      : type_(type), name_(std::move(name)), meaning_(std::move(meaning)) {}

  Type type_;
  bool is_required_ = true;
  bool excludes_least_ = false;
  bool is_whole_ = false;
  bool excludes_zero_ = false;
  bool allows_zero_ = false;
  std::string name_;
  std::string meaning_;
  std::string absence_;
  OpValue default_;
  std::vector<std::string> choices_;
  std::vector<std::size_t> counts_;
  std::optional<double> least_;
  std::optional<double> most_;
};

/// "integer", "numbers", ...
GANTRY_API const char* to_string(OpParameter::Type type) noexcept;

/// The description of an op. All members except the parameters are for people; the parameters must be those that the
/// factory reads.
struct OpDescription {
  std::string summary = {};                  ///< what it does, in one line: "mirrors the image"
  std::string input = {};                    ///< which values of the type it accepts: "f32[n]"; empty: any
  std::string output = {};                   ///< which values it returns
  std::vector<OpParameter> parameters = {};  ///< every key but "op"
  /// Alternatives, exactly one of which is given: {{"size"}, {"width", "height"}}. Empty: none.
  std::vector<std::vector<std::string>> one_of = {};
  std::string reference = {};  ///< the reference that its results equal: "pillow: `Image.crop`"
  std::string tolerance = {};  ///< how exactly: "exact"
  std::string example = {};    ///< valid JSON: {"op": "image.flip", "axis": "vertical"}
  std::string domain = {};     ///< its group in lists; empty: the part of the name before the first dot, or "other"
  std::string name = {};       ///< Registry::add sets this and the two below
  std::string takes = {};      ///< the name of its input type: "Image"
  std::string gives = {};      ///< the name of its output type: "list<Image>"

  /// nullptr if there is no such parameter.
  GANTRY_API const OpParameter* find(std::string_view parameter) const;
  /// True if the op has a description: then it must describe every parameter.
  bool is_described() const { return !summary.empty() || !parameters.empty(); }
};

/// The description of a predicate of `when`.
struct PredicateDescription {
  std::string name;
  std::string takes;
  std::string summary;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// EngineOptions: an engine's options beyond ModelOptions, by name. Only the engine knows which options exist.
//
//   options.engine_options["myengine"].set("precision", "f16").set("streams", 2);
//
// An engine reads them with an OptionReader, which refuses options that the engine did not read:
//   OptionReader reader(request.options());
//   const std::string precision = reader.text("precision", "f32");
//   if (auto ok = reader.finish(); !ok) return std::move(ok).error();
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <gantry/json.hpp>
#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The value of an option: true or false, a 64-bit integer, a number, a string, or a list or an object of such values.
class GANTRY_API OptionValue {
 public:
  using List = std::vector<OptionValue>;
  using Object = std::map<std::string, OptionValue>;
  using Value = std::variant<bool, std::int64_t, double, std::string, List, Object>;

  OptionValue(bool value) : value_(value) {}
  /// Any integer type that fits into a signed 64-bit integer.
  template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool> &&
                                          (std::is_signed_v<T> || sizeof(T) < sizeof(std::int64_t)),
                                      int> = 0>
  OptionValue(T value) : value_(static_cast<std::int64_t>(value)) {}
  OptionValue(double value) : value_(value) {}
  OptionValue(const char* value) : value_(std::string(value)) {}
  OptionValue(std::string value) : value_(std::move(value)) {}
  OptionValue(List value) : value_(std::move(value)) {}
  OptionValue(Object value) : value_(std::move(value)) {}
  OptionValue(const std::vector<std::string>& texts) : value_(List(texts.begin(), texts.end())) {}

  const Value& value() const { return value_; }
  /// For messages: "large" in quotes, 3.5, "a list", "an object".
  std::string describe() const;
  friend bool operator==(const OptionValue& a, const OptionValue& b) { return a.value_ == b.value_; }

  /// invalid_argument with the JSON path for null, and for an integer beyond 64 bits.
  static Result<OptionValue> from_json(const JsonView& json);

 private:
  Value value_;
};

/// Options by name. When the engine loads a model, it refuses unknown names and invalid values.
///
/// Ownership: owns its values.
/// Threads:   thread-compatible.
/// Errors:    from_json: invalid_argument.
/// Cost:      a map of the options that are set.
class GANTRY_API EngineOptions {
 public:
  EngineOptions& set(std::string name, OptionValue value);
  /// nullptr if not set.
  const OptionValue* find(const std::string& name) const;
  bool empty() const { return values_.empty(); }
  const OptionValue::Object& values() const { return values_; }
  /// These options merged with `over`; `over` wins if both set a name.
  EngineOptions with(const EngineOptions& over) const;
  friend bool operator==(const EngineOptions& a, const EngineOptions& b) { return a.values_ == b.values_; }

  /// Reads the object of a config or a package: "engines[0].options: expected an object, got 7".
  static Result<EngineOptions> from_json(const JsonView& json);

 private:
  OptionValue::Object values_;
};

/// Reads the options of one engine strictly: keeps the first mistake, and refuses options that the engine did not read.
///
/// Ownership: owns its options.
/// Threads:   one thread.
/// Errors:    finish() returns the first mistake; after a mistake every reader returns its fallback.
/// Cost:      linear in the options.
class GANTRY_API OptionReader {
 public:
  explicit OptionReader(EngineOptions options) : options_(std::move(options)) {}

  bool boolean(const std::string& name, bool fallback);
  /// Also accepts a number like 2.0, as JsonView::integer().
  std::int64_t integer(const std::string& name, std::int64_t low, std::int64_t high, std::int64_t fallback);
  /// Also accepts an integer.
  double number(const std::string& name, double fallback);
  std::string text(const std::string& name, const std::string& fallback);
  /// A list of strings; empty if the option is not set.
  std::vector<std::string> texts(const std::string& name);
  OptionValue::Object object(const std::string& name);
  bool has(const std::string& name) const { return options_.find(name) != nullptr; }

  /// Keeps the first mistake only: "option 'precision': <message>".
  void fail(const std::string& name, const std::string& message);
  bool ok() const { return !mistake_.has_value(); }
  /// Returns the first mistake (invalid_argument), or an error for an option that was not read: "unknown option 'x';
  /// known are 'a', 'b'".
  Result<void> finish();

 private:
  /// The option's value, if there is no mistake yet.
  const OptionValue* find(const std::string& name);
  template <class T>
  const T* expect(const std::string& name, const OptionValue* found, const char* expected);

  EngineOptions options_;
  std::set<std::string> known_;
  std::optional<Error> mistake_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

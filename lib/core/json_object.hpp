// SPDX-License-Identifier: Apache-2.0
// JsonObject: reads the keys of one JSON object strictly. It keeps the first mistake with its JSON path, and refuses
// unknown keys.
#pragma once

#include <cstdint>
#include <functional>
#include <gantry/result.hpp>
#include <gantry/span.hpp>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::detail {

using Json = nlohmann::json;

/// Parses JSON text; refuses duplicate keys, nesting over 64 levels and text after the value. `what` names the text in
/// messages.
Result<Json> parse_json(std::string_view text, const std::string& what);

/// A short rendering of a value for messages: `"large"`, `3.5`, `a list`, `an object`; about 60 bytes at
/// most.
GANTRY_API std::string describe(const Json& value);

/// The value as an integer; nullopt if it has a fraction, or is a floating-point number of 2^53 or more, which may have
/// been rounded.
GANTRY_API std::optional<std::int64_t> exact_integer(double number);

/// The value as an integer, also for 2.0; nullopt if it is not an integer, or too large.
std::optional<std::int64_t> as_integer(const Json& value);

/// invalid_argument at a JSON path: "pipeline[1].size: expected an integer, got \"large\"".
Error json_error(const std::string& path, const std::string& message);

/// Ownership: borrows the value, which must outlive it.
/// Threads:   one thread.
/// Errors:    the first mistake is kept; after it every reader returns its default or an empty value.
/// Cost:      linear in the keys.
class JsonObject {
 public:
  /// Records a mistake if `value` is not an object.
  JsonObject(const Json& value, std::string path);

  const std::string& path() const { return path_; }
  std::string path_of(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

  bool has(const char* key) const;
  /// The value of a key, or nullptr; marks the key as known.
  const Json* find(const char* key);
  /// The same, but an absent key is a mistake.
  const Json* require(const char* key);

  /// With a fallback the key is optional.
  std::int64_t integer(const char* key, std::optional<std::int64_t> fallback = std::nullopt);
  /// An integer within limits.
  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high, std::optional<std::int64_t> fallback);
  double number(const char* key, std::optional<double> fallback = std::nullopt);
  bool boolean(const char* key, std::optional<bool> fallback = std::nullopt);
  std::string string(const char* key, std::optional<std::string> fallback = std::nullopt);
  /// A number or a list of numbers.
  std::vector<double> numbers(const char* key, std::optional<std::vector<double>> fallback = std::nullopt);
  std::size_t choice(const char* key, Span<const char* const> names,
                     std::optional<std::size_t> fallback = std::nullopt);
  std::size_t choice(const char* key, std::initializer_list<const char*> names,
                     std::optional<std::size_t> fallback = std::nullopt) {
    return choice(key, Span<const char* const>(names.begin(), names.size()), fallback);
  }
  /// The items of a list; nullptr after a mistake.
  const Json* list(const char* key, bool is_required);

  /// Keeps the first mistake only.
  void fail(const std::string& key, const std::string& message);
  void fail(Error error);
  bool ok() const { return !mistake_.has_value(); }

  /// Adds a key that is valid but was not read to the list in the message about an unknown key.
  void mention(const std::string& key) { mentioned_.insert(key); }
  /// The first mistake, or else an error for an unknown key, if any.
  Result<void> finish();

 private:
  template <class T, class Read>
  T read(const char* key, std::optional<T> fallback, Read read);

  const Json& value_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
  std::set<std::string, std::less<>> mentioned_;
  std::optional<Error> mistake_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

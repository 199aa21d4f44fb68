// SPDX-License-Identifier: Apache-2.0
// JsonView and JsonFields: read JSON, and give each value's path in error messages. JsonWriter writes JSON.
//
//   auto json = JsonView::parse(R"({"sensor": "roof", "celsius": 21.5})", "reading").value();
//   JsonFields fields(json);
//   Reading reading{fields.string("sensor"), fields.number("celsius")};
//   if (auto ok = fields.finish(); !ok) return ok.error();  // "reading.celsius: expected a number, got \"warm\""
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

namespace detail {
class JsonObject;
struct JsonAccess;
}  // namespace detail

/// A number written without fraction and exponent that fits into 64 bits is kInteger; any other number is kNumber.
enum class JsonKind : std::uint8_t { kNull, kBool, kInteger, kNumber, kString, kList, kObject };

struct JsonMember;

/// A JSON value for reading, with its path: "pipeline[1].size".
///
/// Ownership: shares the text it was parsed from. A view that gantry passes to a function may only borrow it: a
///            function that keeps data beyond the call copies it out with to_string(), or as a value.
/// Threads:   immutable.
/// Errors:    invalid_argument with the path if the value is of another kind: "a.b[2]: expected a number, got \"x\"".
/// Cost:      a copy is two pointers and the path. items() and members() create one view for each value; numbers() and
///            integers() create none.
class GANTRY_API JsonView {
 public:
  /// null.
  JsonView() = default;
  /// Parses strict JSON: refuses duplicate keys, lists and objects nested more than 64 deep, and text after the value.
  /// `path` is the path that the value reports.
  static Result<JsonView> parse(std::string_view text, std::string path = {});

  JsonKind kind() const noexcept;
  const std::string& path() const noexcept { return path_; }

  Result<bool> boolean() const;
  /// Also accepts a number like 2.0, below the size at which several integers become the same number (2^53).
  Result<std::int64_t> integer() const;
  Result<double> number() const;
  Result<std::string> string() const;
  /// A list of numbers.
  Result<std::vector<double>> numbers() const;
  Result<std::vector<std::int64_t>> integers() const;

  /// The number of items of a list, or of members of an object; 0 for anything else.
  std::size_t size() const noexcept;
  /// The items of a list.
  Result<std::vector<JsonView>> items() const;
  /// The members of an object, ordered by key.
  Result<std::vector<JsonMember>> members() const;
  /// A member of an object; nullopt if it has no such member, or if this is not an object.
  std::optional<JsonView> find(std::string_view key) const;

  /// invalid_argument: "path: message".
  Error error(const std::string& message) const;
  /// For messages: `"large"`, `3.5`, `a list`, `an object`; about 60 bytes at most.
  std::string describe() const;
  /// The JSON text.
  std::string to_string() const;

 private:
  friend struct detail::JsonAccess;
  std::shared_ptr<const void> value_;  // a value of the JSON library, sharing the owner of the text; nullptr: null
  std::string path_;
};

/// One member of an object.
struct JsonMember {
  std::string key;
  JsonView value;
};

/// Reads the members of one object. Keeps the first mistake, which finish() returns; after a mistake every call returns
/// its default, so the caller needs no checks in between. finish() refuses members that were never read.
///
/// Ownership: shares the value, as a JsonView does.
/// Threads:   one thread.
/// Errors:    finish(): invalid_argument with the path: "a.size: is required", "a.colour: unknown key; expected one of
///            ...".
/// Cost:      linear in the number of members.
class GANTRY_API JsonFields {
 public:
  /// If `value` is not an object, that is the first mistake.
  explicit JsonFields(JsonView value);
  JsonFields(JsonFields&&) noexcept;
  JsonFields& operator=(JsonFields&&) noexcept;
  ~JsonFields();

  bool has(const char* key) const;
  /// Without a fallback the member is required.
  std::int64_t integer(const char* key, std::optional<std::int64_t> fallback = std::nullopt);
  double number(const char* key, std::optional<double> fallback = std::nullopt);
  bool boolean(const char* key, std::optional<bool> fallback = std::nullopt);
  std::string string(const char* key, std::optional<std::string> fallback = std::nullopt);
  /// A number, or a list of numbers.
  std::vector<double> numbers(const char* key, std::optional<std::vector<double>> fallback = std::nullopt);
  /// The index in `names` of the member's text.
  std::size_t choice(const char* key, std::initializer_list<const char*> names,
                     std::optional<std::size_t> fallback = std::nullopt);
  /// A member of any kind; nullopt if it is absent.
  std::optional<JsonView> find(const char* key);
  /// The same, but required; null after a mistake.
  JsonView require(const char* key);

  /// Reports a mistake in a member. Only the first report counts.
  void fail(const char* key, const std::string& message);
  bool ok() const;
  /// Returns the first mistake, or an error for a member that was never read.
  Result<void> finish();

 private:
  JsonView value_;
  std::unique_ptr<detail::JsonObject> object_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// JsonView and JsonFields: reading JSON, with the place of each value for messages. JsonWriter writes it.
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

/// A number that is written without fraction and exponent, and fits into 64 bits, is an integer; any other a number.
enum class JsonKind : std::uint8_t { kNull, kBool, kInteger, kNumber, kString, kList, kObject };

struct JsonMember;

/// A JSON value, to read, and where it is: "pipeline[1].size".
///
/// Ownership: shares the text it was parsed from. One that gantry hands to a function may borrow it: what is kept
///            beyond the call is copied out by to_string(), or as a value.
/// Threads:   immutable.
/// Errors:    invalid_argument with the path for a value of another kind: "a.b[2]: expected a number, got \"x\"".
/// Cost:      a copy is two pointers and the path. items() and members() make one view each; numbers() and integers()
///            make none.
class GANTRY_API JsonView {
 public:
  /// null.
  JsonView() = default;
  /// Strict JSON: duplicate keys, more than 64 lists and objects within one another and text after the value are
  /// refused. `path` is where the value is said to be.
  static Result<JsonView> parse(std::string_view text, std::string path = {});

  JsonKind kind() const noexcept;
  const std::string& path() const noexcept { return path_; }

  Result<bool> boolean() const;
  /// Also a number like 2.0, up to where several integers are the same number (2^53).
  Result<std::int64_t> integer() const;
  Result<double> number() const;
  Result<std::string> string() const;
  /// A list of numbers.
  Result<std::vector<double>> numbers() const;
  Result<std::vector<std::int64_t>> integers() const;

  /// How many items a list has, or members an object; 0 of anything else.
  std::size_t size() const noexcept;
  /// Of a list.
  Result<std::vector<JsonView>> items() const;
  /// Of an object, ordered by key.
  Result<std::vector<JsonMember>> members() const;
  /// A member of an object; nothing if there is none of this name, or this is no object.
  std::optional<JsonView> find(std::string_view key) const;

  /// invalid_argument: "path: message".
  Error error(const std::string& message) const;
  /// For messages: `"large"`, `3.5`, `a list`, `an object`; about 60 bytes at most.
  std::string describe() const;
  /// The JSON text.
  std::string to_string() const;

 private:
  friend struct detail::JsonAccess;
  std::shared_ptr<const void> value_;  // a value of the library behind it, of the text's shared owner; nullptr: null
  std::string path_;
};

/// One member of an object.
struct JsonMember {
  std::string key;
  JsonView value;
};

/// Reads the members of one object. The first mistake is kept and given by finish(); after one, every call returns its
/// default, so that nothing has to be checked in between. Members that nobody asked for are refused.
///
/// Ownership: shares the value, as a JsonView does.
/// Threads:   one thread.
/// Errors:    finish(): invalid_argument with the path: "a.size: is required", "a.colour: unknown key; expected one of
///            ...".
/// Cost:      linear in the number of members.
class GANTRY_API JsonFields {
 public:
  /// That `value` is no object is the first mistake.
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
  /// A number, or a list of them.
  std::vector<double> numbers(const char* key, std::optional<std::vector<double>> fallback = std::nullopt);
  /// The index of the member's text among `names`.
  std::size_t choice(const char* key, std::initializer_list<const char*> names,
                     std::optional<std::size_t> fallback = std::nullopt);
  /// A member of any kind; nothing if it is absent.
  std::optional<JsonView> find(const char* key);
  /// The same, but it is required: after a mistake null.
  JsonView require(const char* key);

  /// Reports a mistake in a member; the first one counts.
  void fail(const char* key, const std::string& message);
  bool ok() const;
  /// The first mistake, or a member that nobody asked for.
  Result<void> finish();

 private:
  JsonView value_;
  std::unique_ptr<detail::JsonObject> object_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

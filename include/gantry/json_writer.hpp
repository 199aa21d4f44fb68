// SPDX-License-Identifier: Apache-2.0
// JsonWriter: writes JSON text, value by value.
//
//   JsonWriter writer;
//   writer.begin_object().field("sensor", "roof").field("celsius", 21.5f).end_object();
//   std::string text = writer.finish().value();  // {"sensor":"roof","celsius":21.5}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gantry/json.hpp>
#include <gantry/result.hpp>
#include <gantry/span.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

namespace detail {
class JsonEnclosure;
}

/// Writes one JSON value on one line, in the order of the calls. Numbers get the fewest digits that read back as the
/// same float or double, independent of the locale. NaN and infinities become null, bytes that are not UTF-8 become
/// U+FFFD. A misplaced call (a value without its key, a surplus end) writes nothing; finish() reports it.
///
/// Ownership: owns its text.
/// Threads:   one thread.
/// Errors:    finish(): internal with the first misplaced call, or if the value is incomplete.
/// Cost:      linear in the text.
class GANTRY_API JsonWriter {
 public:
  JsonWriter& begin_object() { return begin('{', State::kFirstKey); }
  JsonWriter& end_object() { return end('}', State::kFirstKey, State::kKey); }
  JsonWriter& begin_list() { return begin('[', State::kFirstItem); }
  JsonWriter& end_list() { return end(']', State::kFirstItem, State::kItem); }
  /// The key of the member whose value comes next.
  JsonWriter& key(std::string_view name);

  JsonWriter& null();
  JsonWriter& value(bool flag);
  JsonWriter& value(float number);
  JsonWriter& value(double number);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(const JsonView& json);
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  JsonWriter& value(T integer) {
    if constexpr (std::is_signed_v<T>)
      return write_signed(integer);
    else
      return write_unsigned(integer);
  }
  /// A list of values.
  template <class T>
  JsonWriter& list(Span<const T> values) {
    begin_list();
    for (const T& one : values) value(one);
    return end_list();
  }

  /// A key and its value.
  template <class T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// Returns the text and resets the writer.
  Result<std::string> finish();

 private:
  /// What may come next.
  enum class State : std::uint8_t { kFirstKey, kKey, kMember, kFirstItem, kItem };

  bool open_value(const char* what);
  void close_value();
  JsonWriter& begin(char bracket, State state);
  JsonWriter& end(char bracket, State empty, State filled);
  JsonWriter& write_signed(std::int64_t integer);
  JsonWriter& write_unsigned(std::uint64_t integer);
  JsonWriter& write_literal(std::string_view text, const char* what);
  void write_string(std::string_view text);
  void blame(const std::string& mistake);

  friend class detail::JsonEnclosure;

  std::string text_;
  std::vector<State> states_;
  std::size_t enclosing_ = 0;  // open lists and objects of an outer writer that lets another function write one value
  bool is_complete_ = false;
  std::string mistake_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

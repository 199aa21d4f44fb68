// SPDX-License-Identifier: Apache-2.0
// Writes JSON text directly: a document tree would be built only to be walked once.
#include <gantry/json_writer.hpp>

#include <cmath>
#include <utility>

#include "core/json_enclosure.hpp"
#include "core/number_text.hpp"
#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// "21.5", "1e+20"; "2.0" for 2, so that it reads back as floating-point.
template <class T>
std::string text_of(T number) {
  std::string text = detail::to_text(number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

/// The number of bytes at the front that need no escape in a JSON string.
std::size_t plain_prefix(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size()) {
    const char character = text[length];
    if (character == '"' || character == '\\' || static_cast<unsigned char>(character) < 0x20) break;
    const std::size_t bytes = detail::utf8_length(text.substr(length));
    if (bytes == 0) break;
    length += bytes;
  }
  return length;
}

/// The escape of a character that a JSON string cannot contain.
std::string escaped(char character) {
  switch (character) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(character);
  if (code >= 0x20) return std::string(kReplacement);
  constexpr char kDigits[] = "0123456789abcdef";
  return std::string("\\u00") + kDigits[code >> 4] + kDigits[code & 15];
}

}  // namespace

void JsonWriter::blame(const std::string& mistake) {
  if (mistake_.empty()) mistake_ = mistake + (text_.empty() ? "" : ", behind " + text_.substr(0, 60));
}

/// Writes the comma before a value if one is needed; false if a value is not allowed here.
bool JsonWriter::open_value(const char* what) {
  if (!mistake_.empty()) return false;
  if (states_.empty() && !is_complete_) return true;
  if (states_.empty()) return blame(std::string(what) + " where the value is complete"), false;
  switch (states_.back()) {
    case State::kFirstKey:
    case State::kKey:
      return blame(std::string(what) + " where a key belongs"), false;
    case State::kItem:
      text_ += ',';
      return true;
    case State::kMember:
    case State::kFirstItem:
      return true;
  }
  return true;
}

void JsonWriter::close_value() {
  if (states_.empty())
    is_complete_ = true;
  else
    states_.back() = states_.back() == State::kMember ? State::kKey : State::kItem;
}

JsonWriter& JsonWriter::begin(char bracket, State state) {
  if (!open_value(bracket == '{' ? "an object" : "a list")) return *this;
  text_ += bracket;
  states_.push_back(state);
  return *this;
}

JsonWriter& JsonWriter::end(char bracket, State empty, State filled) {
  if (!mistake_.empty()) return *this;
  const char* what = bracket == '}' ? "the end of an object" : "the end of a list";
  if (states_.size() <= enclosing_ || (states_.back() != empty && states_.back() != filled))
    return blame(std::string(what) + " where there is none to end"), *this;
  text_ += bracket;
  states_.pop_back();
  close_value();
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  if (!mistake_.empty()) return *this;
  if (states_.size() <= enclosing_ || (states_.back() != State::kFirstKey && states_.back() != State::kKey))
    return blame("the key '" + std::string(name) + "' outside an object, or behind another key"), *this;
  if (states_.back() == State::kKey) text_ += ',';
  write_string(name);
  text_ += ':';
  states_.back() = State::kMember;
  return *this;
}

JsonWriter& JsonWriter::write_literal(std::string_view text, const char* what) {
  if (!open_value(what)) return *this;
  text_ += text;
  close_value();
  return *this;
}

JsonWriter& JsonWriter::null() {
  return write_literal("null", "null");
}
JsonWriter& JsonWriter::value(bool flag) {
  return write_literal(flag ? "true" : "false", "a bool");
}
JsonWriter& JsonWriter::value(float number) {
  return std::isfinite(number) ? write_literal(text_of(number), "a number") : null();
}
JsonWriter& JsonWriter::value(double number) {
  return std::isfinite(number) ? write_literal(text_of(number), "a number") : null();
}
JsonWriter& JsonWriter::write_signed(std::int64_t integer) {
  return write_literal(std::to_string(integer), "an integer");
}
JsonWriter& JsonWriter::write_unsigned(std::uint64_t integer) {
  return write_literal(std::to_string(integer), "an integer");
}
JsonWriter& JsonWriter::value(const JsonView& json) {
  return write_literal(json.to_string(), "JSON");
}
JsonWriter& JsonWriter::value(std::string_view text) {
  if (!open_value("a string")) return *this;
  write_string(text);
  close_value();
  return *this;
}

void JsonWriter::write_string(std::string_view text) {
  text_ += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    text_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    text_ += escaped(text.front());
    text.remove_prefix(1);
  }
  text_ += '"';
}

Result<std::string> JsonWriter::finish() {
  if (enclosing_ > 0) {
    blame("finish() within somebody else's object");
    return Error(ErrorCode::kInternal, "JsonWriter: " + mistake_);
  }
  JsonWriter done;
  std::swap(done, *this);
  if (!done.mistake_.empty()) return Error(ErrorCode::kInternal, "JsonWriter: " + done.mistake_);
  if (!done.is_complete_)
    return Error(ErrorCode::kInternal, done.text_.empty() ? "JsonWriter: nothing was written"
                                                          : "JsonWriter: a list or an object was not ended");
  return std::move(done.text_);
}

namespace detail {

JsonEnclosure::JsonEnclosure(JsonWriter& writer)
    : writer_(writer),
      before_(std::exchange(writer.enclosing_, writer.states_.size())),
      enclosing_(writer.enclosing_),
      was_right_(writer.mistake_.empty()) {}

std::optional<std::string> JsonEnclosure::end() {
  using State = JsonWriter::State;
  const bool is_replaced = writer_.enclosing_ != enclosing_ || writer_.states_.size() < enclosing_;
  writer_.enclosing_ = before_;
  if (!was_right_) return std::nullopt;
  if (is_replaced)
    writer_.blame("the writer was replaced by another");
  else if (writer_.mistake_.empty() && writer_.states_.size() > enclosing_)
    writer_.blame("a list or an object was not ended");
  else if (writer_.mistake_.empty() && writer_.states_.back() == State::kMember)
    writer_.blame("no value was written");
  return writer_.mistake_.empty() ? std::nullopt : std::optional<std::string>("JsonWriter: " + writer_.mistake_);
}

}  // namespace detail

}  // namespace gantry::inline GANTRY_ABI

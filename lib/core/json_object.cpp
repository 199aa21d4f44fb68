// SPDX-License-Identifier: Apache-2.0
// Reads JSON strictly.
#include "core/json_object.hpp"

#include <locale.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr int kMaxDepth = 64;

/// Ends the parse at once.
struct NotStrict {
  std::string mistake;
};

/// Refuses what nlohmann's parser accepts: duplicate keys and deep nesting.
class StrictParse {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    const bool begins = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (begins && depth >= kMaxDepth)  // `depth` is that of the enclosing value
      throw NotStrict{"nests deeper than " + std::to_string(kMaxDepth) + " levels"};
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) throw NotStrict{"key " + describe(parsed) + " appears twice in one object"};
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;
};

/// Shortens nlohmann's messages: they begin with "[json.exception.parse_error.101] ", which does not help a reader, and
/// quote the offending token in full.
std::string readable(std::string_view text) {
  constexpr std::size_t kLongest = 300;
  const auto end = text.find("] ");
  if (text.rfind('[', 0) == 0 && end != std::string_view::npos) text.remove_prefix(end + 2);
  const std::string_view front = utf8_prefix(text, kLongest);
  return std::string(front) + (front.size() < text.size() ? "..." : "");
}

/// While it lives, this thread's locale is "C". nlohmann's parser reads numbers with strtod; it handles locales with a
/// decimal comma, but not those with a multi-byte decimal separator.
class CLocale {
 public:
  CLocale() : before_(::uselocale(c_locale())) {}
  CLocale(const CLocale&) = delete;
  CLocale& operator=(const CLocale&) = delete;
  ~CLocale() { ::uselocale(before_); }

 private:
  static ::locale_t c_locale() {  // never freed: used during exit, too
    static const ::locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
    return locale;  // nullptr if there is no memory; then the locale is not changed
  }
  const ::locale_t before_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& what) {
  StrictParse strict;
  const CLocale locale;
  try {
    return Json::parse(text.begin(), text.end(), std::ref(strict));
  } catch (const NotStrict& error) {
    return Error(ErrorCode::kInvalidArgument, what + ": " + error.mistake);
  } catch (const Json::exception& error) {
    return Error(ErrorCode::kInvalidArgument, what + ": not JSON: " + readable(error.what()));
  }
}

std::string describe(const Json& value) {
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  constexpr std::size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = std::string(utf8_prefix(text, kLongest)) + "...";
  return text;
}

Error json_error(const std::string& path, const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, (path.empty() ? "" : path + ": ") + message);
}

std::optional<std::int64_t> exact_integer(double number) {
  constexpr double kInexact = 9007199254740992.0;  // 2^53; 9007199254740993.0 is rounded to it, too
  if (!(std::fabs(number) < kInexact) || number != std::nearbyint(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> as_integer(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return value.is_number_float() ? exact_integer(value.get<double>()) : std::nullopt;
}

JsonObject::JsonObject(const Json& value, std::string path) : value_(value), path_(std::move(path)) {
  if (!value.is_object()) fail(json_error(path_, "expected an object, got " + describe(value)));
}

bool JsonObject::has(const char* key) const {
  return value_.is_object() && value_.contains(key);
}

const Json* JsonObject::find(const char* key) {
  known_.insert(key);
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(key);
  return found == value_.end() ? nullptr : &*found;
}

const Json* JsonObject::require(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) fail(key, "is required");
  return value;
}

template <class T, class Read>
T JsonObject::read(const char* key, std::optional<T> fallback, Read read_value) {
  const Json* value = fallback ? find(key) : require(key);
  if (value == nullptr || !ok()) return fallback ? *std::move(fallback) : T();
  return read_value(*value);
}

std::int64_t JsonObject::integer(const char* key, std::optional<std::int64_t> fallback) {
  return read<std::int64_t>(key, fallback, [&](const Json& value) {
    const auto number = as_integer(value);
    if (!number) fail(key, "expected an integer, got " + describe(value));
    return number.value_or(0);
  });
}

std::int64_t JsonObject::integer(const char* key, std::int64_t low, std::int64_t high,
                                 std::optional<std::int64_t> fallback) {
  const std::int64_t value = integer(key, fallback);
  if (ok() && (value < low || value > high))
    fail(key, "must be " + std::to_string(low) + ".." + std::to_string(high) + ", got " + std::to_string(value));
  return value;
}

double JsonObject::number(const char* key, std::optional<double> fallback) {
  return read<double>(key, fallback, [&](const Json& value) {
    if (value.is_number()) return value.get<double>();
    fail(key, "expected a number, got " + describe(value));
    return 0.0;
  });
}

bool JsonObject::boolean(const char* key, std::optional<bool> fallback) {
  return read<bool>(key, fallback, [&](const Json& value) {
    if (value.is_boolean()) return value.get<bool>();
    fail(key, "expected true or false, got " + describe(value));
    return false;
  });
}

std::string JsonObject::string(const char* key, std::optional<std::string> fallback) {
  return read<std::string>(key, std::move(fallback), [&](const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    fail(key, "expected a string, got " + describe(value));
    return std::string();
  });
}

std::vector<double> JsonObject::numbers(const char* key, std::optional<std::vector<double>> fallback) {
  return read<std::vector<double>>(key, std::move(fallback), [&](const Json& value) {
    std::vector<double> numbers;
    if (value.is_number()) {
      numbers.push_back(value.get<double>());
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (!value[i].is_number())
          fail(std::string(key) + "[" + std::to_string(i) + "]", "expected a number, got " + describe(value[i]));
        else
          numbers.push_back(value[i].get<double>());
      }
    } else {
      fail(key, "expected a number or a list of numbers, got " + describe(value));
    }
    return numbers;
  });
}

std::size_t JsonObject::choice(const char* key, Span<const char* const> names, std::optional<std::size_t> fallback) {
  return read<std::size_t>(key, fallback, [&](const Json& value) {
    std::string expected;
    std::size_t index = 0;
    for (const char* name : names) {
      if (value.is_string() && value.get_ref<const std::string&>() == name) return index;
      expected += (index++ ? ", \"" : "\"") + std::string(name) + "\"";
    }
    fail(key, "expected one of " + expected + ", got " + describe(value));
    return std::size_t{0};
  });
}

const Json* JsonObject::list(const char* key, bool is_required) {
  const Json* value = is_required ? require(key) : find(key);
  if (value == nullptr) return nullptr;
  if (value->is_array()) return value;
  fail(key, "expected a list, got " + describe(*value));
  return nullptr;
}

void JsonObject::fail(const std::string& key, const std::string& message) {
  fail(json_error(path_of(key), message));
}

void JsonObject::fail(Error error) {
  if (!mistake_) mistake_ = std::move(error);
}

Result<void> JsonObject::finish() {
  if (mistake_) return *mistake_;
  std::string expected;
  mentioned_.insert(known_.begin(), known_.end());
  for (const auto& key : mentioned_) expected += (expected.empty() ? "" : ", ") + key;
  for (const auto& item : value_.items())
    if (known_.count(item.key()) == 0)
      return json_error(path_of(item.key()),
                        "unknown key; expected " + (expected.empty() ? "no keys at all" : "one of " + expected));
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail

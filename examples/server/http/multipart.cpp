// SPDX-License-Identifier: Apache-2.0
#include "multipart.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace gantry_server {
namespace {

using gantry::Bytes;
using gantry::Error;
using gantry::ErrorCode;
using gantry::ErrorReason;
using gantry::Result;

constexpr std::string_view kLineEnd = "\r\n";

Error invalid(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

/// For messages: what came, shortened.
std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string quote("'");
  quote.append(text.substr(0, kMost));
  return quote.append(text.size() > kMost ? "...'" : "'");
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool are_equal_names(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/// A character of HTTP's tokens (RFC 9110, section 5.6.2).
bool is_token(char c) {
  return is_alphanumeric(c) || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Removes the token that `text` begins with.
std::string_view take_token(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_token);
  const auto token = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(token.size());
  return token;
}

/// Removes the quoted string that `text` begins with. A backslash quotes a quote and itself; any other is one, since
/// browsers write the backslashes of a file's name as they are. nullopt: it has no end.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value += text[i];
  }
  return std::nullopt;
}

/// A header's value with parameters: form-data; name="a"; filename="b".
struct HeaderValue {
  std::string_view value;
  std::vector<std::pair<std::string_view, std::string>> parameters;

  /// nullptr if it is absent.
  const std::string* find(std::string_view name) const {
    for (const auto& [one, text] : parameters)
      if (are_equal_names(one, name)) return &text;
    return nullptr;
  }
};

/// nullopt: `text` is malformed, has a parameter twice, or more of them than any client sends.
std::optional<HeaderValue> parse_header_value(std::string_view text) {
  constexpr std::size_t kMostParameters = 8;
  HeaderValue header;
  const auto end = std::min(text.find(';'), text.size());
  header.value = trimmed(text.substr(0, end));
  for (text.remove_prefix(end); !text.empty();) {
    text.remove_prefix(1);  // the semicolon
    text = trimmed(text);
    if (text.empty()) break;  // one at the end
    const auto name = take_token(text);
    if (name.empty() || text.empty() || text[0] != '=' || header.find(name) != nullptr) return std::nullopt;
    if (header.parameters.size() == kMostParameters) return std::nullopt;
    text.remove_prefix(1);
    std::string value;
    if (!text.empty() && text[0] == '"') {
      auto taken = take_quoted(text);
      if (!taken) return std::nullopt;
      value = *std::move(taken);
    } else {
      value = take_token(text);
      if (value.empty()) return std::nullopt;
    }
    header.parameters.emplace_back(name, std::move(value));
    text = trimmed(text);
    if (!text.empty() && text[0] != ';') return std::nullopt;
  }
  return header;
}

/// As RFC 2046, section 5.1.1, has it.
bool is_boundary(std::string_view text) {
  return !text.empty() && text.size() <= 70 && text.back() != ' ' && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || (c != '\0' && std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos);
  });
}

Result<std::string> boundary_of(std::string_view content_type) {
  const auto type = parse_header_value(content_type);
  if (!type)
    return invalid("header Content-Type: expected multipart/form-data; boundary=..., got " + quoted(content_type));
  const std::string* boundary = type->find("boundary");
  if (boundary == nullptr) return invalid("header Content-Type: multipart/form-data without its boundary");
  if (!is_boundary(*boundary))
    return invalid("header Content-Type: expected a boundary of 1 to 70 letters, digits and '()+_,-./:=?, got " +
                   quoted(*boundary));
  return *boundary;
}

/// One line of a part's headers.
Result<void> read_header(std::string_view line, FormPart& part) {
  const auto name = take_token(line);
  if (name.empty() || line.empty() || line[0] != ':')
    return invalid("expected a header 'Name: value', got " + quoted(std::string(name) + std::string(line)));
  const auto value = trimmed(line.substr(1));
  if (std::any_of(value.begin(), value.end(), is_control))
    return invalid("header " + std::string(name) + " has control characters; lines end with CR LF");
  if (are_equal_names(name, "Content-Disposition")) {
    const auto disposition = parse_header_value(value);
    const std::string* field = disposition ? disposition->find("name") : nullptr;
    if (!disposition || !are_equal_names(disposition->value, "form-data") || field == nullptr || field->empty())
      return invalid("expected Content-Disposition: form-data; name=\"...\", got " + quoted(value));
    if (!part.name.empty()) return invalid("a second Content-Disposition");
    part.name = *field;
  } else if (are_equal_names(name, "Content-Type")) {
    if (!part.media_type.empty()) return invalid("a second Content-Type");
    if (value.empty()) return invalid("Content-Type is empty");
    part.media_type = value;
  } else if (are_equal_names(name, "Content-Transfer-Encoding")) {
    const bool is_plain =
        are_equal_names(value, "binary") || are_equal_names(value, "8bit") || are_equal_names(value, "7bit");
    if (!is_plain)
      return invalid("Content-Transfer-Encoding " + quoted(value) + " is not decoded; send the file's bytes")
          .with_reason(ErrorReason::kMediaType);
  }
  return {};  // RFC 7578, section 4.8: others are ignored
}

/// Removes a part's headers from `text`, which then begins with the end of the empty line behind them.
Result<FormPart> take_headers(std::string_view& text, const MultipartLimits& limits) {
  FormPart part;
  std::size_t size = 0;
  while (true) {
    const auto end = text.substr(0, limits.max_header_bytes - size).find(kLineEnd);
    if (end == std::string_view::npos) {
      if (text.size() + size <= limits.max_header_bytes) return invalid("the body ends in its headers");
      return invalid("its headers are longer than " + std::to_string(limits.max_header_bytes) + " bytes")
          .with_reason(ErrorReason::kInputTooLarge);
    }
    if (end == 0) break;
    if (auto ok = read_header(text.substr(0, end), part); !ok) return ok.error();
    text.remove_prefix(end + kLineEnd.size());
    size += end + kLineEnd.size();
  }
  if (part.name.empty()) return invalid("it has no header Content-Disposition: form-data; name=\"...\"");
  return part;
}

}  // namespace

Result<std::vector<FormPart>> read_multipart(const Bytes& body, std::string_view content_type,
                                             const MultipartLimits& limits) {
  const auto boundary = boundary_of(content_type);
  if (!boundary) return boundary.error();
  const std::string delimiter = "\r\n--" + *boundary;
  const std::string_view dashes = std::string_view(delimiter).substr(kLineEnd.size());
  const auto owner = std::make_shared<const Bytes>(body);
  std::string_view text(static_cast<const char*>(static_cast<const void*>(body.data())), body.size());
  if (text.substr(0, dashes.size()) != dashes)
    return invalid("the body does not begin with its boundary, '" + std::string(dashes) + "'");
  text.remove_prefix(dashes.size());
  std::vector<FormPart> parts;
  while (true) {  // behind a boundary
    if (text.substr(0, 2) == "--") {
      text.remove_prefix(2);
      break;
    }
    const auto in_part = [&parts](const Error& error) { return error.within("part " + std::to_string(parts.size())); };
    while (!text.empty() && is_blank(text[0])) text.remove_prefix(1);
    if (text.substr(0, kLineEnd.size()) != kLineEnd)
      return in_part(
          invalid("expected the end of the line, or '--', behind the boundary '" + std::string(dashes) + "'"));
    text.remove_prefix(kLineEnd.size());
    if (parts.size() == limits.max_parts)
      return invalid("the body has more than " + std::to_string(limits.max_parts) + " parts");
    auto part = take_headers(text, limits);
    if (!part) return in_part(part.error());
    // The line end before a boundary belongs to it, and may be the one of the empty line: then there is no content.
    const auto end = text.find(delimiter);
    if (end == std::string_view::npos)
      return in_part(invalid("the body ends without its last boundary, '" + std::string(dashes) + "--'"));
    if (end > 0) part->content = Bytes::wrap(text.data() + kLineEnd.size(), end - kLineEnd.size(), owner);
    parts.push_back(*std::move(part));
    text.remove_prefix(end + delimiter.size());
  }
  while (!text.empty() && is_blank(text[0])) text.remove_prefix(1);
  if (!text.empty() && text != kLineEnd)
    return invalid("there are " + std::to_string(text.size()) + " bytes behind the last boundary");
  if (parts.empty()) return invalid("the body has no part");
  return parts;
}

}  // namespace gantry_server

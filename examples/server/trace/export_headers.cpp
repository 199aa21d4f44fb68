// SPDX-License-Identifier: Apache-2.0
#include "export_headers.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_token(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != kOthers.npos;
  });
}

/// "name: value", or "name=value".
gantry::Result<void> add_line(std::string_view line, char separator, const std::string& where, HeaderLines& lines) {
  const auto at = line.find(separator);
  const std::string_view name = trimmed(line.substr(0, at));
  const std::string value = at == std::string_view::npos ? ""
                            : separator == '='           ? percent_decoded(trimmed(line.substr(at + 1)))
                                                         : std::string(trimmed(line.substr(at + 1)));
  const bool is_printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (at == std::string_view::npos || !is_token(name) || value.empty() || !is_printable)
    return Error(ErrorCode::kInvalidArgument, where + ": expected 'name" + separator + (separator == ':' ? " " : "") +
                                                  "value' of printable ASCII; what came is not shown");
  lines.emplace_back(name, value);
  return {};
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && text.size() - i > 2 && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      plain += static_cast<char>(byte);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

gantry::Result<HeaderLines> read_export_headers(const TraceOptions& options) {
  HeaderLines lines;
  const std::string_view all = options.environment_headers;
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.find(',', at), all.size());
    const std::string_view one = trimmed(all.substr(at, end - at));
    at = end + 1;
    if (one.empty()) continue;
    if (auto ok = add_line(one, '=', "OTEL_EXPORTER_OTLP_HEADERS", lines); !ok) return ok.error();
  }
  if (options.headers_file.empty()) return lines;
  std::ifstream file(options.headers_file);
  if (!file)
    return Error(ErrorCode::kNotFound, "trace.headers_file: '" + options.headers_file + "': " + std::strerror(errno));
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (trimmed(line).empty() || line[0] == '#') continue;
    const std::string where = "trace.headers_file: " + options.headers_file + ":" + std::to_string(number);
    if (auto ok = add_line(line, ':', where, lines); !ok) return ok.error();
  }
  return lines;
}

}  // namespace gantry_server

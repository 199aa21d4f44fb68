// SPDX-License-Identifier: Apache-2.0
// Labels, one per line.
#include <algorithm>
#include <gantry/classify.hpp>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

/// The length in bytes of the text's longest prefix that is UTF-8.
std::size_t valid_prefix(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t length = detail::utf8_length(text.substr(position));
    if (length == 0) break;
    position += length;
  }
  return position;
}

}  // namespace

Labels::Labels(std::vector<std::string> names)
    : names_(std::make_shared<const std::vector<std::string>>(std::move(names))) {}

Result<Labels> Labels::parse(const Bytes& text) {
  std::string_view rest(reinterpret_cast<const char*>(text.data()), text.size());
  if (rest.empty()) return Error(ErrorCode::kInvalidArgument, "labels are empty; expected one label a line");
  if (const std::size_t valid = valid_prefix(rest); valid != rest.size())
    return Error(ErrorCode::kInvalidArgument, "labels are not UTF-8 at byte " + std::to_string(valid));
  std::vector<std::string> names;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    names.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return Labels(std::move(names));
}

Result<Labels> Labels::load(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(auto text, read_file(path));
  auto labels = parse(text);
  if (!labels) return labels.error().within("file '" + path + "'");
  return labels;
}

Result<std::string> Labels::of(std::int64_t index) const {
  if (index >= 0 && static_cast<std::size_t>(index) < size()) return (*this)[static_cast<std::size_t>(index)];
  return Error(ErrorCode::kInvalidArgument,
               "class " + std::to_string(index) + " has no label; there are " + std::to_string(size()));
}

}  // namespace gantry::inline GANTRY_ABI

// SPDX-License-Identifier: Apache-2.0
#include "read_token.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace gantry_server {

gantry::Result<std::string> read_token(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (!file || (!std::getline(file, token) && !file.eof()))
    return gantry::Error(gantry::ErrorCode::kNotFound, "'" + path + "': " + std::strerror(errno));
  while (!token.empty() && (token.back() == ' ' || token.back() == '\r')) token.pop_back();
  token.erase(0, token.find_first_not_of(' '));
  const bool is_printable = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 127; });
  if (token.empty() || !is_printable)
    return gantry::Error(gantry::ErrorCode::kInvalidArgument,
                         "'" + path + "': expected a token in its first line, of printable ASCII without spaces");
  return token;
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "cli/write_file.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace gantry::inline GANTRY_ABI::cli {

Result<void> write_file(const std::string& path, const Bytes& content) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  bool is_written = file != nullptr && std::fwrite(content.data(), 1, content.size(), file) == content.size();
  int failure = is_written ? 0 : errno;
  if (file != nullptr && std::fclose(file) != 0) {
    failure = is_written ? errno : failure;
    is_written = false;
  }
  if (is_written) return {};
  return Error(ErrorCode::kFailedPrecondition,
               "cannot write '" + path + "': " + std::generic_category().message(failure));
}

}  // namespace gantry::inline GANTRY_ABI::cli

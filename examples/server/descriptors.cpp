// SPDX-License-Identifier: Apache-2.0
#include "descriptors.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace gantry_server {
namespace {

/// What is open beside connections: listening sockets, engines' files, those of a package that is being loaded.
constexpr rlim_t kOthers = 256;

}  // namespace

void open_standard_descriptors(char** argv) {
  bool is_changed = false;
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat file {};
    // What has no type is no stream: an eventfd of a library, say.
    if (::fstat(descriptor, &file) == 0 && (file.st_mode & S_IFMT) != 0) continue;
    const int null = ::open("/dev/null", O_RDWR);
    if (null >= 0 && null != descriptor) {
      ::dup2(null, descriptor);
      ::close(null);
    }
    is_changed = null >= 0;
  }
  if (is_changed) ::execv("/proc/self/exe", argv);  // returns if it cannot: then it goes on as it is
}

std::optional<std::string> raise_descriptor_limit(std::size_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  const rlim_t wanted = connections + kOthers;
  if (limit.rlim_cur >= wanted) return std::nullopt;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
  if (limit.rlim_cur == wanted) return std::nullopt;
  return "http.max_connections is " + std::to_string(connections) + ", but the process may have " +
         std::to_string(limit.rlim_cur) +
         " files and sockets open (ulimit -n); more connections wait until others close";
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "address.hpp"

#include <sys/un.h>

#include <charconv>
#include <utility>

#include "beast.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using local = asio::local::stream_protocol;

/// True if a process accepts connections there.
bool is_served(const std::string& path) {
  asio::io_context io;
  local::socket socket(io);
  boost::system::error_code error;
  socket.connect(local::endpoint(path), error);
  return !error;
}

}  // namespace

gantry::Result<HostPort> parse_host_port(const std::string& address) {
  const auto colon = address.rfind(':');
  unsigned number = 0;
  const char* end = address.data() + address.size();
  if (colon == std::string::npos || std::from_chars(address.data() + colon + 1, end, number).ptr != end ||
      colon + 1 == address.size() || number > 65535)
    return Error(ErrorCode::kInvalidArgument,
                 "'" + address + "': expected host:port, [IPv6]:port, :port or unix:/path");
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return HostPort{std::move(host), address.substr(colon + 1)};
}

gantry::Result<std::optional<std::string>> parse_unix_path(const std::string& address) {
  if (address.rfind("unix:", 0) != 0) return std::optional<std::string>();
  std::string path = address.substr(5);
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path))
    return Error(ErrorCode::kInvalidArgument, "'" + address + "': the path of a Unix socket has 1 to " +
                                                  std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
  if (is_served(path))
    return Error(ErrorCode::kFailedPrecondition, "cannot listen on '" + address + "': another process does");
  return std::optional<std::string>(std::move(path));
}

}  // namespace gantry_server

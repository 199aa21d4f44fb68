// SPDX-License-Identifier: Apache-2.0
#include "healthcheck.hpp"

#include "http/beast.hpp"

#ifdef GANTRY_SERVER_TLS
#include <boost/asio/ssl.hpp>
#endif

namespace gantry_server {
namespace {

template <class Stream>
gantry::Result<void> ask(Stream& stream) {
  http::request<http::empty_body> request(http::verb::get, "/v2/health/ready", 11);
  request.set(http::field::host, "localhost");
  request.keep_alive(false);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  boost::system::error_code error;
  http::write(stream, request, error);
  if (!error) http::read(stream, buffer, response, error);
  if (error) return gantry::Error(gantry::ErrorCode::kUnavailable, error.message());
  if (response.result_int() != 200) return gantry::Error(gantry::ErrorCode::kUnavailable, response.body());
  return {};
}

}  // namespace

gantry::Result<void> check_health(const std::string& address, bool is_encrypted) {
  asio::io_context io;
  boost::system::error_code error;
  if (address.rfind("unix:", 0) == 0) {
    asio::local::stream_protocol::socket socket(io);
    socket.connect(asio::local::stream_protocol::endpoint(address.substr(5)), error);
    if (error) return gantry::Error(gantry::ErrorCode::kUnavailable, error.message());
    return ask(socket);
  }
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "0.0.0.0" || host == "::") host = "localhost";
  asio::ip::tcp::resolver resolver(io);
  asio::ip::tcp::socket socket(io);
  const auto found = resolver.resolve(host, address.substr(colon + 1), error);
  if (!error) asio::connect(socket, found, error);
  if (error) return gantry::Error(gantry::ErrorCode::kUnavailable, error.message());
#ifdef GANTRY_SERVER_TLS
  if (is_encrypted) {  // of this machine: the certificate need not name it
    asio::ssl::context context(asio::ssl::context::tls_client);
    asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, context);
    stream.handshake(asio::ssl::stream_base::client, error);
    if (error) return gantry::Error(gantry::ErrorCode::kUnavailable, error.message());
    return ask(stream);
  }
#else
  static_cast<void>(is_encrypted);
#endif
  return ask(socket);
}

}  // namespace gantry_server

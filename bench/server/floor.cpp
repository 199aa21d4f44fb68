// SPDX-License-Identifier: Apache-2.0
// The least that an HTTP server of Boost.Beast costs: reads each request's body into memory that it keeps, and answers
// with four numbers. gantry-server with a model that does nothing is measured beside it.
//
//   bench_server_floor HOST:PORT|unix:/path
#include <utility>
// Boost 1.74 uses std::exchange without its header, so this comes after it:
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t kLargestBody = 1 << 20;

template <class Socket>
asio::awaitable<void> serve(Socket socket) {
  std::vector<char> body(kLargestBody);
  beast::flat_buffer buffer;
  try {
    while (true) {
      http::request_parser<http::empty_body> parser;
      parser.body_limit(kLargestBody);
      co_await http::async_read_header(socket, buffer, parser, asio::use_awaitable);
      const std::size_t length = parser.content_length().value_or(0);
      const std::size_t came = asio::buffer_copy(asio::buffer(body, length), buffer.data());  // with the header
      buffer.consume(came);
      co_await asio::async_read(socket, asio::buffer(body.data() + came, length - came), asio::use_awaitable);
      http::response<http::string_body> answer{http::status::ok, 11};
      answer.body().assign(body.data(), 16);
      answer.prepare_payload();
      co_await http::async_write(socket, answer, asio::use_awaitable);
    }
  } catch (const boost::system::system_error&) {
    // the client has gone
  }
}

template <class Protocol>
asio::awaitable<void> listen(asio::io_context& io, typename Protocol::endpoint endpoint) {
  typename Protocol::acceptor acceptor(io, endpoint);
  while (true) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) socket.set_option(asio::ip::tcp::no_delay(true));
    co_spawn(io, serve(std::move(socket)), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: bench_server_floor HOST:PORT|unix:/path\n"), 64;
  const std::string address = argv[1];
  asio::io_context io(1);
  if (address.rfind("unix:", 0) == 0) {
    co_spawn(io, listen<asio::local::stream_protocol>(io, address.substr(5)), asio::detached);
  } else {
    const auto colon = address.rfind(':');
    const auto port = static_cast<unsigned short>(std::stoi(address.substr(colon + 1)));
    co_spawn(io, listen<asio::ip::tcp>(io, {asio::ip::make_address(address.substr(0, colon)), port}), asio::detached);
  }
  io.run();
}

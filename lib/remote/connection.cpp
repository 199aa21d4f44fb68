// SPDX-License-Identifier: Apache-2.0
#include "remote/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <utility>

namespace gantry::inline GANTRY_ABI::remote {
namespace {

using ErrorCodeOfIo = boost::system::error_code;
using Parser = http::response_parser<http::buffer_body>;
using asio::redirect_error;
using asio::use_awaitable;

constexpr std::size_t kFirstBytes = 8192;
constexpr std::size_t kFirstBody = std::size_t{64} << 10;

Error unavailable(const std::string& what, const ErrorCodeOfIo& why) {
  return Error(ErrorCode::kUnavailable, what + ": " + why.message());
}

std::string_view value_of(const Parser& parser, const char* header) {
  const auto found = parser.get().find(header);
  return found == parser.get().end() ? std::string_view()
                                     : std::string_view(found->value().data(), found->value().size());
}

Error bad_answer(const std::string& what) {
  return Error(ErrorCode::kModelError, "the server's answer: " + what);
}

Error too_large(std::size_t limit) {
  return bad_answer("larger than " + std::to_string(limit) + " bytes (ConnectionOptions::max_answer_bytes)");
}

/// The body, whose memory grows as bytes come: a length that lies costs nothing.
asio::awaitable<std::optional<Error>> read_body(Connection& connection, Parser& parser, std::size_t limit,
                                                std::vector<std::uint8_t>& body) {
  const auto length = parser.content_length();
  if (length && *length > limit) co_return too_large(limit);
  const std::size_t most = length ? static_cast<std::size_t>(*length) : limit + 1;
  std::size_t size = 0;
  while (!parser.is_done()) {
    if (size == body.size()) {
      if (size > limit) co_return too_large(limit);
      body.resize(std::min(std::max(kFirstBody, size * 2), std::max<std::size_t>(most, 1)));
    }
    parser.get().body().data = body.data() + size;
    parser.get().body().size = body.size() - size;
    parser.get().body().more = true;
    ErrorCodeOfIo error;
    co_await http::async_read_some(connection.socket, connection.buffer, parser, redirect_error(use_awaitable, error));
    size = body.size() - parser.get().body().size;
    if (error == http::error::need_buffer) error = {};
    if (!error) continue;
    if (error == http::error::end_of_stream || error == http::error::partial_message || error == asio::error::eof)
      co_return Error(ErrorCode::kUnavailable, "the connection ended after " + std::to_string(size) +
                                                   (length ? " of " + std::to_string(*length) : std::string()) +
                                                   " bytes of the answer's body");
    const bool is_http = error.category() == http::make_error_code(http::error::bad_chunk).category();
    co_return is_http ? bad_answer("malformed HTTP: " + error.message()) : unavailable("the answer's body", error);
  }
  if (size > limit) co_return too_large(limit);
  body.resize(size);
  co_return std::nullopt;
}

asio::awaitable<Exchange> read_answer(Connection& connection, AnswerLimits limits) {
  Exchange result;
  ErrorCodeOfIo error;
  const std::size_t first = co_await connection.socket.async_read_some(connection.buffer.prepare(kFirstBytes),
                                                                       redirect_error(use_awaitable, error));
  if (error) {
    result.error = unavailable("the connection ended before an answer came", error);
    co_return result;
  }
  connection.buffer.commit(first);
  result.has_begun = true;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(
      std::min<std::size_t>(limits.header_bytes, std::numeric_limits<std::uint32_t>::max())));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // read_body() has the limit
  co_await http::async_read_header(connection.socket, connection.buffer, parser, redirect_error(use_awaitable, error));
  if (error) {
    const bool is_http = error.category() == http::make_error_code(http::error::bad_chunk).category() &&
                         error != http::error::end_of_stream && error != http::error::partial_message;
    result.error = is_http ? bad_answer("malformed HTTP: " + error.message())
                           : unavailable("the connection ended within the answer's headers", error);
    co_return result;
  }
  HttpAnswer answer;
  answer.status = parser.get().result_int();
  if (answer.status < 200) {
    result.error = bad_answer("status " + std::to_string(answer.status) + ", which nothing was asked for");
    co_return result;
  }
  // A body that ends with the connection could be cut off unnoticed.
  if (!parser.is_done() && !parser.chunked() && !parser.content_length()) {
    result.error = bad_answer("it has a body without Content-Length");
    co_return result;
  }
  result.error = co_await read_body(connection, parser, limits.body_bytes, answer.body);
  if (result.error) co_return result;
  answer.keeps = parser.keep_alive() && connection.buffer.size() == 0;
  answer.model_version = value_of(parser, "X-Model-Version");
  answer.json_size = value_of(parser, "Inference-Header-Content-Length");
  answer.content_encoding = value_of(parser, "Content-Encoding");
  answer.retry_after = parse_retry_after(value_of(parser, "Retry-After"));
  result.answer = std::move(answer);
  co_return result;
}

}  // namespace

bool Connection::is_usable() {
  if (!socket.is_open() || buffer.size() != 0) return false;
  char byte = 0;
  const auto got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

asio::awaitable<Result<void>> connect(Connection& connection, const Address& address, Flight& flight) {
  ErrorCodeOfIo error;
  std::vector<asio::generic::stream_protocol::endpoint> endpoints;
  if (address.is_unix()) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(address.path));
  } else {
    asio::ip::tcp::resolver resolver(connection.socket.get_executor());
    // A number needs no thread that looks it up; Asio starts one for names.
    const auto number = asio::ip::make_address(address.host, error);
    if (!error) {
      endpoints.emplace_back(asio::ip::tcp::endpoint(number, static_cast<unsigned short>(std::stoi(address.port))));
    } else {
      const auto found =
          co_await resolver.async_resolve(address.host, address.port, redirect_error(use_awaitable, error));
      if (error) co_return unavailable("the host's name was not found", error);
      for (const auto& entry : found) endpoints.emplace_back(entry.endpoint());
    }
  }
  const SocketInFlight in_flight(flight, connection.socket);
  for (const auto& endpoint : endpoints) {
    if (flight.is_stopped()) co_return Error(ErrorCode::kUnavailable, "no connection was made in time");
    connection.socket.close(error);
    co_await connection.socket.async_connect(endpoint, redirect_error(use_awaitable, error));
    if (flight.is_stopped()) co_return Error(ErrorCode::kUnavailable, "no connection was made in time");
    if (error) continue;
    if (!address.is_unix()) {
      ErrorCodeOfIo ignored;
      connection.socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    }
    co_return Result<void>();
  }
  co_return unavailable("no connection", error);
}

asio::awaitable<Exchange> send_and_receive(Connection& connection, Flight& flight,
                                           std::vector<asio::const_buffer> pieces, AnswerLimits limits) {
  const SocketInFlight in_flight(flight, connection.socket);
  Exchange result;
  ErrorCodeOfIo error;
  co_await asio::async_write(connection.socket, pieces, redirect_error(use_awaitable, error));
  // Also after an error: a server that refuses a request may answer and close before it has read all of it.
  if (!flight.is_stopped()) result = co_await read_answer(connection, limits);
  if (error && !result.has_begun) result.error = unavailable("the connection ended while the request was sent", error);
  if (error && result.answer) result.answer->keeps = false;
  if (flight.is_stopped()) {
    result.answer.reset();
    result.error = Error(ErrorCode::kUnavailable, "the server did not answer in time");
    connection.socket.close(error);
  }
  co_return result;
}

}  // namespace gantry::inline GANTRY_ABI::remote

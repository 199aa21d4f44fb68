// SPDX-License-Identifier: Apache-2.0
#include "otlp_client.hpp"

#include <charconv>
#include <gantry/json.hpp>
#include <gantry/version.hpp>
#include <string_view>

#ifdef GANTRY_SERVER_TLS
#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl.hpp>
#endif

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using Kind = ExportAnswer::Kind;

constexpr std::uint64_t kLongestAnswer = 65536;

/// ExportTraceServiceResponse: {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "..."}}. What is no such
/// message says nothing: the status alone says that the spans were taken.
ExportAnswer read_answer(const std::string& body) {
  ExportAnswer answer;
  const auto json = gantry::JsonView::parse(body);
  if (!json) return answer;
  const auto find = [](const gantry::JsonView& object, std::string_view name) -> std::optional<gantry::JsonView> {
    const auto members = object.members();
    if (!members) return std::nullopt;
    for (const auto& [key, value] : *members)
      if (key == name) return value;
    return std::nullopt;
  };
  const auto partial = find(*json, "partialSuccess");
  const auto rejected = partial ? find(*partial, "rejectedSpans") : std::nullopt;
  if (!rejected) return answer;
  if (const auto number = rejected->integer())
    answer.rejected = static_cast<std::size_t>(std::max<std::int64_t>(*number, 0));
  if (const auto text = rejected->string()) std::from_chars(text->data(), text->data() + text->size(), answer.rejected);
  if (const auto message = find(*partial, "errorMessage"))
    if (const auto text = message->string()) answer.text = text->substr(0, 200);
  return answer;
}

ExportAnswer answer_of(const http::response<http::string_body>& response) {
  const unsigned status = response.result_int();
  if (status >= 200 && status < 300) return read_answer(response.body());
  ExportAnswer answer;
  // As OTLP/HTTP says; any other status would be the same again.
  const bool may_retry = status == 429 || status == 502 || status == 503 || status == 504;
  answer.kind = may_retry ? Kind::kRetry : Kind::kRefused;
  answer.text = "status " + std::to_string(status);
  const auto after = response[http::field::retry_after];
  unsigned seconds = 0;
  if (const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), seconds);
      error == std::errc() && end == after.data() + after.size() && !after.empty())
    answer.retry_after = std::chrono::seconds(seconds);
  return answer;
}

ExportAnswer failure(const char* what, const boost::system::error_code& error) {
  const std::string text = error == beast::error::timeout ? "no answer in time" : error.message();
  return {Kind::kRetry, std::string(what) + ": " + text, 0, std::nullopt};
}

}  // namespace

gantry::Result<std::unique_ptr<OtlpClient>> OtlpClient::open(const TraceOptions& options) {
  auto url = parse_collector_url(options.endpoint);
  if (!url) return url.error().within("trace.endpoint");
  auto headers = read_export_headers(options);
  if (!headers) return headers.error();
  std::unique_ptr<OtlpClient> client(new OtlpClient(*std::move(url), *std::move(headers), options));
#ifdef GANTRY_SERVER_TLS
  if (client->url_.is_encrypted) {
    client->tls_.emplace(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(client->tls_->native_handle(), TLS1_2_VERSION);
    client->tls_->set_verify_mode(asio::ssl::verify_peer);
    boost::system::error_code error;
    if (options.ca_file.empty())
      client->tls_->set_default_verify_paths(error);
    else
      client->tls_->load_verify_file(options.ca_file, error);
    if (error)
      return Error(ErrorCode::kInvalidArgument, "trace.ca_file: '" + options.ca_file + "': " + error.message());
  }
#endif
  return client;
}

template <class Stream>
asio::awaitable<ExportAnswer> OtlpClient::exchange(Stream& stream, const std::string& body) const {
  http::request<http::span_body<const char>> request(http::verb::post, url_.target, 11);
  request.set(http::field::host, url_.authority);
  request.set(http::field::user_agent, "gantry-server/" GANTRY_VERSION_STRING);
  request.set(http::field::content_type, "application/json");
  for (const auto& [name, value] : headers_) request.insert(name, value);
  request.keep_alive(false);
  request.body() = beast::span<const char>(body.data(), body.size());
  request.prepare_payload();
  boost::system::error_code error;
  co_await http::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failure("sending", error);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kLongestAnswer);
  co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
  // The status counts, even if what follows it is too long, or is cut off.
  if (error && !parser.is_header_done()) co_return failure("reading the answer", error);
  co_return answer_of(parser.get());
}

asio::awaitable<ExportAnswer> OtlpClient::post(const std::string& body) {
  const auto executor = co_await asio::this_coro::executor;
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(executor);
  const auto found =
      co_await resolver.async_resolve(url_.host, url_.port, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failure("looking the host up", error);
  beast::tcp_stream socket(executor);
  socket.expires_after(timeout_);
  co_await socket.async_connect(found, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failure("connecting", error);
#ifdef GANTRY_SERVER_TLS
  if (tls_) {
    beast::ssl_stream<beast::tcp_stream> stream(std::move(socket), *tls_);
    SSL_set_tlsext_host_name(stream.native_handle(), url_.host.c_str());
    stream.set_verify_callback(asio::ssl::host_name_verification(url_.host));
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return failure("TLS", error);
    co_return co_await exchange(stream, body);
  }
#endif
  co_return co_await exchange(socket, body);
}

}  // namespace gantry_server

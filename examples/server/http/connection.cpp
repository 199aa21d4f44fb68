// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <gantry/translate_exception.hpp>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "client_watch.hpp"
#include "target.hpp"
#include "timeout.hpp"

namespace gantry_server {
namespace {

using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::buffer_body>;

constexpr std::size_t kAlignment = 64;  // of binary tensors, for vector instructions

/// "Sun, 06 Nov 1994 08:49:37 GMT", as RFC 9110 has it.
std::string date_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

/// Counts what exists.
class Counted {
 public:
  explicit Counted(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::atomic<std::size_t>& count_;
};

/// The handler's answer, on the executor of the coroutine.
asio::awaitable<Response> answer_of(const Handler& handler, std::shared_ptr<const Request> request) {
  auto initiate = [&handler, request](auto completion) {
    struct Once {
      decltype(completion) complete;
      std::atomic<bool> is_answered{false};
    };
    const auto executor = asio::get_associated_executor(completion);
    const auto once = std::make_shared<Once>(std::move(completion));
    const auto respond = [once, executor](Response response) {
      if (once->is_answered.exchange(true)) return;  // the first answer counts
      asio::post(executor, [once, response = std::move(response)]() mutable { once->complete(std::move(response)); });
    };
    try {
      handler.handle(request, respond);
    } catch (...) {
      respond(error_response(gantry::detail::translate_exception()));
    }
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Response)>(std::move(initiate),
                                                                                          asio::use_awaitable);
}

class Connection {
 public:
  Connection(Socket socket, std::string client, const std::shared_ptr<TlsContext>& tls,
             std::shared_ptr<ConnectionContext> context)
      : stream_(std::move(socket), tls),
        client_(std::move(client)),
        context_(std::move(context)),
        buffer_(context_->options.max_header_bytes + kReadAhead) {}

  asio::awaitable<void> run() {
    const Counted counted(context_->connections);
    timeout_.set(options().header_timeout);
    if (co_await stream_.handshake()) co_return;  // no HTTP answer could be read
    if (context_->connections > context_->options.max_connections) {
      co_await write(refusal_of_connections(), false, false);
      co_return co_await close();
    }
    while (co_await serve_one()) {
    }
    co_await close();
  }

 private:
  /// What a read may fetch beyond the headers. Beast bounds headers, but neither the extensions of a chunk nor the
  /// trailers: those end with the buffer.
  static constexpr std::size_t kReadAhead = std::size_t{64} << 10;
  /// Of an answer that waits for a client to read it, memory that is not counted: the kernel takes as much.
  static constexpr std::size_t kSmallAnswer = std::size_t{64} << 10;

  const HttpOptions& options() const { return context_->options; }

  static Response refusal_of_connections() {
    Response response = error_response(503, "the server has all the connections that it may have; try again");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }

  /// One request and its answer. False: the connection ends.
  asio::awaitable<bool> serve_one() {
    if (buffer_.size() == 0 && !co_await wait_for_first_bytes()) co_return false;
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(options().max_header_bytes));
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // read_body() has the limit
    boost::system::error_code error;
    timeout_.set(options().header_timeout);
    co_await http::async_read_header(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      if (const auto refusal = refusal_of_header(error)) {
        co_await write(*refusal, false, false);
        Request unread;
        unread.client = client_;
        if (context_->log) context_->log(unread, *refusal, Clock::now());
      }
      co_return false;
    }
    const Counted counted(context_->requests);
    const auto began = Clock::now();
    auto request = std::make_shared<Request>();
    request->client = client_;
    Response response;
    bool is_read = false;  // whether the whole body was
    auto refusal = read_head(parser, *request);
    if (!refusal) refusal = co_await read_body(parser, *request);
    if (refusal)
      response = *std::move(refusal);
    else
      is_read = true;
    if (is_lost_) co_return false;

    bool keeps = is_read && parser.keep_alive() && buffer_.size() == 0;
    if (is_read) {
      const auto watch = std::make_shared<ClientWatch>(request->cancel);
      timeout_.clear();
      if (buffer_.size() == 0) watch->start(stream_.socket());
      response = co_await answer_of(*context_->handler, request);
      watch->stop(stream_.socket());
      if (watch->is_gone()) {
        response.status = 499;
        if (context_->log) context_->log(*request, response, began);
        co_return false;
      }
      keeps = keeps && !watch->sent_more();
    }
    keeps = keeps && !context_->is_draining;
    // Clients that do not read their answers cannot fill the memory.
    std::shared_ptr<void> waiting;
    if (response.body_size() > kSmallAnswer) {
      waiting = context_->bodies.reserve(response.body_size());
      if (!waiting) response = busy();
    }
    const bool is_head = parser.get().method() == http::verb::head;
    if (request->trace) response.headers.emplace_back("traceresponse", gantry::to_string(request->trace->span));
    const bool is_sent = co_await write(response, keeps, is_head);
    if (context_->log) context_->log(*request, response, began);
    co_return is_sent&& keeps;
  }

  /// An idle connection holds no buffer but the coroutine's own.
  asio::awaitable<bool> wait_for_first_bytes() {
    buffer_.shrink_to_fit();
    std::array<char, 512> first;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is read into
    boost::system::error_code error;
    timeout_.set(options().idle_timeout);
    const std::size_t size =
        co_await stream_.async_read_some(asio::buffer(first), asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    std::memcpy(buffer_.prepare(size).data(), first.data(), size);
    buffer_.commit(size);
    co_return true;
  }

  std::optional<Response> refusal_of_header(const boost::system::error_code& error) const {
    if (error == http::error::header_limit)
      return error_response(431, "the headers are longer than this server accepts");
    if (timeout_.has_passed()) return error_response(408, "the headers did not arrive in time");
    // Of what Beast's parser refuses, all but a connection that ended.
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
      return error_response(400, "malformed HTTP: " + error.message());
    return std::nullopt;
  }

  std::optional<Response> read_head(const Parser& parser, Request& request) const {
    const auto& head = parser.get();
    request.method = head.method() == http::verb::head ? http::verb::get : head.method();
    request.headers = head;
    if (head.version() != 11 && head.version() != 10) return error_response(505, "this server speaks HTTP/1.1");
    if (head.version() == 11 && head.count(http::field::host) != 1)
      return error_response(400, "an HTTP/1.1 request has one Host header");
    auto target = parse_target({head.target().data(), head.target().size()});
    if (!target)
      return error_response(400,
                            "malformed request target: a path, whose names have no control characters and no '/', and "
                            "escapes of two hex digits");
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    return context_->handler->refuse(request);
  }

  asio::awaitable<std::optional<Response>> read_body(Parser& parser, Request& request) {
    const auto length = parser.content_length();
    const std::size_t limit = options().max_body_bytes;
    if (length && *length > limit) co_return too_large(limit);
    const auto expect = request.header("Expect");
    if (!expect.empty()) {
      if (!beast::iequals(beast::string_view(expect.data(), expect.size()), "100-continue"))
        co_return error_response(417, "the only expectation that this server knows is 100-continue");
      if (buffer_.size() == 0 && (parser.chunked() || (length && *length > 0)) && !co_await send_continue())
        co_return std::nullopt;
    }
    if (parser.chunked()) co_return co_await read_chunks(parser, request);
    if (!length || *length == 0) co_return std::nullopt;
    const auto size = static_cast<std::size_t>(*length);
    const auto json_size = size_of_json(request);
    const auto memory = context_->bodies.take(size + (json_size ? kAlignment : 0));
    if (!memory) co_return busy();
    std::uint8_t* body = memory.get();
    if (json_size) body += -(reinterpret_cast<std::uintptr_t>(body) + *json_size) % kAlignment;
    const std::size_t there = std::min(size, buffer_.size());
    std::memcpy(body, buffer_.data().data(), there);
    buffer_.consume(there);
    if (there < size) {
      boost::system::error_code error;
      timeout_.set(time_for(size));
      // All that has come at once; Asio's own condition reads 64 KB at a time.
      const auto what_is_left = [left = size - there](const boost::system::error_code& failure, std::size_t came) {
        return failure ? 0 : left - came;
      };
      co_await asio::async_read(stream_, asio::buffer(body + there, size - there), what_is_left,
                                asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return lost();
    }
    request.body = gantry::Bytes::wrap(body, size, memory);
    co_return std::nullopt;
  }

  /// Of a body with binary tensors. They are read to where engines can use them without a copy.
  static std::optional<std::size_t> size_of_json(const Request& request) {
    const auto text = request.header("Inference-Header-Content-Length");
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;  // the handler says so
    return size;
  }

  /// A body of unknown length; it moves to a buffer of twice the size whenever one is full.
  asio::awaitable<std::optional<Response>> read_chunks(Parser& parser, Request& request) {
    const std::size_t limit = options().max_body_bytes;
    std::size_t capacity = std::min<std::size_t>(std::size_t{64} << 10, limit + 1);
    auto body = context_->bodies.take(capacity);
    if (!body) co_return busy();
    std::size_t size = 0;
    timeout_.set(time_for(0));
    while (!parser.is_done()) {
      if (size == capacity) {
        if (size > limit) co_return too_large(limit);
        capacity = std::min(capacity * 2, limit + 1);
        const auto larger = context_->bodies.take(capacity);
        if (!larger) co_return busy();
        std::memcpy(larger.get(), body.get(), size);
        body = larger;
        timeout_.set(time_for(capacity));
      }
      parser.get().body().data = body.get() + size;
      parser.get().body().size = capacity - size;
      boost::system::error_code error;
      co_await http::async_read_some(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
      size = capacity - parser.get().body().size;
      if (error == http::error::need_buffer) error = {};
      if (error == http::error::buffer_overflow)
        co_return error_response(431, "the chunk's extensions, or the trailers, are longer than this server accepts");
      if (error && error.category() == http::make_error_code(http::error::bad_chunk).category() &&
          error != http::error::partial_message && error != http::error::end_of_stream)
        co_return error_response(400, "malformed chunked body: " + error.message());
      if (error || timeout_.has_passed()) co_return lost();
    }
    if (size > limit) co_return too_large(limit);
    request.body = gantry::Bytes::wrap(body.get(), size, body);
    co_return std::nullopt;
  }

  asio::awaitable<bool> send_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    boost::system::error_code error;
    timeout_.set(options().transfer_timeout);
    co_await asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                               asio::redirect_error(asio::use_awaitable, error));
    is_lost_ = is_lost_ || error;
    co_return !error;
  }

  static Response too_large(std::size_t limit) {
    return error_response(
        gantry::Error(gantry::ErrorCode::kInvalidArgument,
                      "the body is larger than " + std::to_string(limit) + " bytes, the limit of this server")
            .with_reason(gantry::ErrorReason::kInputTooLarge));
  }
  static Response busy() {
    return error_response(
        gantry::Error(gantry::ErrorCode::kResourceExhausted,
                      "the bodies of all requests and answers exceed the memory that this server gives them")
            .with_reason(gantry::ErrorReason::kQueueFull, std::chrono::seconds(1)));
  }
  /// 408 for a client that is too slow; one that has gone gets no answer.
  std::optional<Response> lost() {
    if (timeout_.has_passed()) return error_response(408, "the body did not arrive in time");
    is_lost_ = true;
    return std::nullopt;
  }

  std::chrono::milliseconds time_for(std::size_t bytes) const {
    return options().transfer_timeout + std::chrono::milliseconds(bytes * 1000 / options().min_bytes_per_second);
  }

  asio::awaitable<bool> write(const Response& response, bool keeps, bool is_head) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head += std::string(http::obsolete_reason(http::int_to_status(response.status)));
    if (!response.content_type.empty() && response.body_size() > 0)
      head += "\r\nContent-Type: " + response.content_type;
    head += "\r\nDate: " + date_text();
    head += "\r\nContent-Length: " + std::to_string(response.body_size());
    for (const auto& [name, value] : response.headers) head += "\r\n" + name + ": " + value;
    head += keeps ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
    std::vector<asio::const_buffer> pieces{asio::buffer(head)};
    if (!is_head)
      for (const gantry::Bytes& piece : response.body) pieces.emplace_back(piece.data(), piece.size());
    boost::system::error_code error;
    timeout_.set(time_for(response.body_size()));
    co_await asio::async_write(stream_, pieces, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  /// Ends our side and reads what the client still sends, for a short time and no more than a body: closing a socket
  /// with unread data resets the connection, and the client would lose the answer.
  asio::awaitable<void> close() {
    boost::system::error_code error;
    timeout_.set(std::chrono::seconds(2));
    co_await stream_.end_writing();
    std::array<char, 4096> ignored;  // NOLINT(cppcoreguidelines-pro-type-member-init): it is read into
    std::size_t left = options().max_body_bytes;
    while (!error && left > 0 && !timeout_.has_passed()) {
      const std::size_t size = co_await stream_.socket().async_read_some(
          asio::buffer(ignored), asio::redirect_error(asio::use_awaitable, error));
      left -= std::min(left, size);
    }
    stream_.socket().close(error);
  }

  Stream stream_;
  Timeout timeout_{stream_.socket()};
  const std::string client_;
  const std::shared_ptr<ConnectionContext> context_;
  beast::flat_buffer buffer_;
  bool is_lost_ = false;  // the client has gone before its request was read
};

}  // namespace

asio::awaitable<void> serve_connection(Socket socket, std::string client, std::shared_ptr<TlsContext> tls,
                                       std::shared_ptr<ConnectionContext> context) {
  Connection connection(std::move(socket), std::move(client), tls, std::move(context));
  co_await connection.run();
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// Sends one request over and over to a server on this machine, and prints one JSON line of what came back.
//
//   bench_server_http_load ADDRESS PATH BODY_FILE [--header 'Name: value']... --seconds S [--warm-up S]
//                          --connections N        closed loop: each connection sends when it has its answer
//                        | --rate R [--deadline-ms D] [--most N]   open loop: Poisson arrivals
//
// ADDRESS is host:port or unix:/path. In an open loop latency counts from the arrival, also of a request that waits for
// one of `most` connections; one that has no answer by its deadline is given up, and its connection closed.
#include <sys/resource.h>

#include <algorithm>
#include <utility>
// Boost 1.74 uses std::exchange without its header, so this comes after it:
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <gantry/json_writer.hpp>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;

struct Arguments {
  asio::generic::stream_protocol::endpoint endpoint;
  std::string request;
  std::size_t connections = 0;
  std::size_t most = 512;
  double rate = 0;
  std::chrono::duration<double> seconds{0};
  std::chrono::duration<double> warm_up{0.5};
  std::chrono::milliseconds deadline{0};
};

struct Connection {
  std::unique_ptr<Stream> stream;  // null: not connected
  beast::flat_buffer buffer;
};

class Load {
 public:
  Load(asio::io_context& io, Arguments arguments)
      : io_(io),
        arguments_(std::move(arguments)),
        begin_(Clock::now() + std::chrono::duration_cast<Clock::duration>(arguments_.warm_up)),
        end_(begin_ + std::chrono::duration_cast<Clock::duration>(arguments_.seconds)) {}

  asio::awaitable<void> closed_loop() {
    Connection connection;
    while (Clock::now() < end_) co_await request(connection, Clock::now());
  }

  asio::awaitable<void> open_loop() {
    std::mt19937_64 random(1);
    std::exponential_distribution<double> gap(arguments_.rate);
    asio::steady_timer timer(io_);
    for (auto arrival = Clock::now(); arrival < end_;
         arrival += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gap(random)))) {
      timer.expires_at(arrival);
      co_await timer.async_wait(asio::use_awaitable);
      if (arrival >= begin_) ++offered_;
      if (running_ >= arguments_.most) {
        waiting_.push_back(arrival);
        continue;
      }
      ++running_;
      co_spawn(io_, serve(arrival), asio::detached);
    }
  }

  void print() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto quantile = [&](double q) {
      if (latencies_.empty()) return 0.0;
      const auto at = static_cast<std::size_t>(q * static_cast<double>(latencies_.size()));
      return latencies_[std::min(latencies_.size() - 1, at)];
    };
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    gantry::JsonWriter json;
    json.begin_object();
    json.field("answers_per_second", static_cast<double>(in_window_) / arguments_.seconds.count());
    json.field("answers", answers_).field("offered", offered_).field("ok", latencies_.size());
    json.field("p50_ms", quantile(0.5)).field("p99_ms", quantile(0.99)).field("max_ms", quantile(1));
    json.field("cpu_s", cpu);
    json.key("outcomes").begin_object();
    for (const auto& [outcome, count] : outcomes_) json.field(outcome, count);
    json.end_object();
    json.field("answer", answer_);
    std::printf("%s\n", json.end_object().finish().value().c_str());
  }

 private:
  /// One arrival of the open loop, and then those that waited for its connection.
  asio::awaitable<void> serve(Clock::time_point arrival) {
    Connection connection;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    co_await request(connection, arrival);
    while (!waiting_.empty()) {
      const auto next = waiting_.front();
      waiting_.pop_front();
      co_await request(connection, next);
    }
    if (connection.stream) idle_.push_back(std::move(connection));
    --running_;
  }

  asio::awaitable<void> request(Connection& connection, Clock::time_point arrival) {
    std::string outcome;
    std::string body;
    try {
      outcome = std::to_string(co_await exchange(connection, arrival, body));
    } catch (const boost::system::system_error& error) {
      connection.stream.reset();
      outcome = error.code() == beast::error::timeout ? "given up" : error.code().message();
    }
    const auto now = Clock::now();
    const bool is_good = outcome == "200";
    answers_ += is_good;
    if (is_good && now >= begin_ && now < end_) ++in_window_;
    if (arrival >= begin_ && arrival < end_) {
      ++outcomes_[outcome];
      if (is_good) latencies_.push_back(std::chrono::duration<double, std::milli>(now - arrival).count());
    }
    if (is_good && answer_.empty()) answer_ = body.substr(0, 20'000);
    if (!is_good && !connection.stream) {  // do not spin on a server that is not there
      asio::steady_timer timer(io_, std::chrono::milliseconds(2));
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  asio::awaitable<unsigned> exchange(Connection& connection, Clock::time_point arrival, std::string& body) {
    const bool has_deadline = arguments_.deadline.count() > 0;
    const auto deadline = arrival + arguments_.deadline;
    if (has_deadline && Clock::now() >= deadline) throw beast::system_error(beast::error::timeout);
    if (!connection.stream) {
      connection.stream = std::make_unique<Stream>(io_);
      connection.buffer.clear();
      if (has_deadline) connection.stream->expires_at(deadline);
      co_await connection.stream->async_connect(arguments_.endpoint, asio::use_awaitable);
      if (arguments_.endpoint.protocol().family() != AF_UNIX)
        connection.stream->socket().set_option(asio::ip::tcp::no_delay(true));
      else  // the default of 208 KB splits a tensor
        connection.stream->socket().set_option(asio::socket_base::send_buffer_size(1 << 20));
    }
    has_deadline ? connection.stream->expires_at(deadline) : connection.stream->expires_never();
    co_await asio::async_write(*connection.stream, asio::buffer(arguments_.request), asio::use_awaitable);
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::uint64_t{1} << 30);  // Beast of Boost 1.74 takes `none` for 0
    co_await http::async_read(*connection.stream, connection.buffer, parser, asio::use_awaitable);
    body = std::move(parser.get().body());
    const unsigned status = parser.get().result_int();
    if (!parser.get().keep_alive()) connection.stream.reset();
    co_return status;
  }

  asio::io_context& io_;
  const Arguments arguments_;
  const Clock::time_point begin_;
  const Clock::time_point end_;
  std::vector<double> latencies_;  // ms, of answers with 200
  std::map<std::string, std::size_t> outcomes_;
  std::string answer_;
  std::size_t answers_ = 0;    // with 200, the warm-up's too
  std::size_t in_window_ = 0;  // those that came while it measured
  std::size_t offered_ = 0;
  std::size_t running_ = 0;
  std::vector<Connection> idle_;
  std::deque<Clock::time_point> waiting_;
};

asio::generic::stream_protocol::endpoint read_address(const std::string& text) {
  if (text.rfind("unix:", 0) == 0) return asio::local::stream_protocol::endpoint(text.substr(5));
  const auto colon = text.rfind(':');
  const auto port = static_cast<unsigned short>(std::stoi(text.substr(colon + 1)));
  return asio::ip::tcp::endpoint(asio::ip::make_address(text.substr(0, colon)), port);
}

Arguments read_arguments(int argc, char** argv) {
  if (argc < 4) throw std::invalid_argument("usage: bench_server_http_load ADDRESS PATH BODY_FILE [option value]...");
  Arguments arguments;
  arguments.endpoint = read_address(argv[1]);
  std::ifstream file(argv[3], std::ios::binary);
  if (!file) throw std::invalid_argument(std::string("cannot read ") + argv[3]);
  const std::string body((std::istreambuf_iterator<char>(file)), {});
  arguments.request = std::string("POST ") + argv[2] + " HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    const std::string value = argv[i + 1];
    if (option == "--header")
      arguments.request += value + "\r\n";
    else if (option == "--connections")
      arguments.connections = std::stoul(value);
    else if (option == "--most")
      arguments.most = std::stoul(value);
    else if (option == "--rate")
      arguments.rate = std::stod(value);
    else if (option == "--seconds")
      arguments.seconds = std::chrono::duration<double>(std::stod(value));
    else if (option == "--warm-up")
      arguments.warm_up = std::chrono::duration<double>(std::stod(value));
    else if (option == "--deadline-ms")
      arguments.deadline = std::chrono::milliseconds(std::stol(value));
    else
      throw std::invalid_argument("unknown option " + option);
  }
  if ((arguments.connections > 0) == (arguments.rate > 0) || arguments.seconds.count() <= 0)
    throw std::invalid_argument("give --seconds, and either --connections or --rate");
  arguments.request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  return arguments;
}

}  // namespace

int main(int argc, char** argv) try {
  asio::io_context io(1);
  const Arguments arguments = read_arguments(argc, argv);
  Load load(io, arguments);
  for (std::size_t i = 0; i < arguments.connections; ++i) co_spawn(io, load.closed_loop(), asio::detached);
  if (arguments.rate > 0) co_spawn(io, load.open_loop(), asio::detached);
  io.run();
  load.print();
} catch (const std::exception& error) {
  std::fprintf(stderr, "http_load: %s\n", error.what());
  return 1;
}

// SPDX-License-Identifier: Apache-2.0
#include "listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "address.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using tcp = asio::ip::tcp;
using local = asio::local::stream_protocol;

Error system_error(const std::string& address, const boost::system::error_code& error) {
  return Error(ErrorCode::kFailedPrecondition, "cannot listen on '" + address + "': " + error.message());
}

std::string name_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

}  // namespace

/// One listening socket.
struct HttpServer::Port {
  explicit Port(asio::io_context& io) : acceptor(io) {}
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor;
  bool is_tcp = false;
  std::string path;  // of a Unix socket; removed when it is closed
};

HttpServer::HttpServer(std::shared_ptr<ConnectionContext> context, int io_threads) : context_(std::move(context)) {
  for (int i = 0; i < std::max(io_threads, 1); ++i) io_.push_back(std::make_unique<asio::io_context>(1));
}

HttpServer::~HttpServer() {
  stop();
}

gantry::Result<std::string> HttpServer::listen(const std::string& address) {
  auto port = std::make_shared<Port>(*io_[0]);
  boost::system::error_code error;
  std::string bound = address;
  auto path = parse_unix_path(address);
  if (!path) return path.error();
  if (*path) {
    port->path = **std::move(path);
    ::unlink(port->path.c_str());
    const local::endpoint endpoint(port->path);
    port->acceptor.open(local(), error);
    if (!error) port->acceptor.bind(endpoint, error);
  } else {
    auto parts = parse_host_port(address);
    if (!parts) return parts.error();
    tcp::endpoint endpoint(tcp::v6(), static_cast<unsigned short>(std::stoi(parts->port)));
    if (!parts->host.empty()) {
      tcp::resolver resolver(*io_[0]);
      const auto found = resolver.resolve(parts->host, parts->port, tcp::resolver::passive, error);
      if (error || found.empty()) return system_error(address, error);
      endpoint = *found.begin();
    }
    port->is_tcp = true;
    port->acceptor.open(endpoint.protocol(), error);
    if (error && parts->host.empty()) {  // a machine without IPv6
      endpoint = tcp::endpoint(tcp::v4(), endpoint.port());
      port->acceptor.open(endpoint.protocol(), error);
    } else if (!error && parts->host.empty()) {
      port->acceptor.set_option(asio::ip::v6_only(false), error);
    }
    if (!error) port->acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) port->acceptor.bind(endpoint, error);
    if (!error) {
      const asio::generic::stream_protocol::endpoint local_end = port->acceptor.local_endpoint();
      tcp::endpoint real;
      std::copy_n(static_cast<const char*>(static_cast<const void*>(local_end.data())), local_end.size(),
                  static_cast<char*>(static_cast<void*>(real.data())));
      real.resize(local_end.size());
      bound = name_of(real);
    }
  }
  if (!error) port->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return system_error(address, error);
  ports_.push_back(std::move(port));
  return bound;
}

asio::io_context& HttpServer::next_context() {
  return *io_[next_++ % io_.size()];
}

asio::awaitable<void> HttpServer::accept(std::shared_ptr<Port> port) {
  while (port->acceptor.is_open()) {
    asio::io_context& io = next_context();
    Socket socket(io);
    asio::generic::stream_protocol::endpoint peer;
    boost::system::error_code error;
    co_await port->acceptor.async_accept(socket, peer, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) break;
    if (error == asio::error::connection_aborted) continue;  // the client has gone
    if (error) {                                             // no file descriptor is left: what is open goes on
      tell(error.message());
      asio::steady_timer pause(*io_[0], std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    std::string client = "unix";
    if (port->is_tcp) {
      socket.set_option(tcp::no_delay(true), error);  // head and body are written apart for large bodies
      tcp::endpoint address;
      std::copy_n(static_cast<const char*>(static_cast<const void*>(peer.data())), peer.size(),
                  static_cast<char*>(static_cast<void*>(address.data())));
      address.resize(peer.size());
      client = name_of(address);
    }
    asio::co_spawn(
        io, serve_connection(std::move(socket), std::move(client), port->is_tcp ? context_->tls : nullptr, context_),
        asio::detached);
  }
}

/// Once a minute at most: it is tried 20 times a second.
void HttpServer::tell(const std::string& error) {
  const auto now = std::chrono::steady_clock::now();
  if (told_ != decltype(told_)() && now - told_ < std::chrono::minutes(1)) return;
  told_ = now;
  context_->say("cannot accept connections: " + error + "; " + std::to_string(context_->connections) +
                " are open, and others wait until some of them close");
}

void HttpServer::start() {
  for (const auto& port : ports_) asio::co_spawn(*io_[0], accept(port), asio::detached);
  for (const auto& io : io_) {
    work_.emplace_back(io->get_executor());
    threads_.emplace_back([&io] { io->run(); });
  }
}

void HttpServer::stop_accepting() {
  context_->is_draining = true;
  for (const auto& port : ports_)
    asio::post(*io_[0], [port] {
      boost::system::error_code ignored;
      port->acceptor.close(ignored);
      if (!port->path.empty()) ::unlink(port->path.c_str());
    });
}

void HttpServer::stop() {
  if (threads_.empty()) return;
  stop_accepting();
  // Posted behind the closing of the acceptors, so that their files are removed.
  for (const auto& io : io_) asio::post(*io, [&io] { io->stop(); });
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  work_.clear();
}

}  // namespace gantry_server

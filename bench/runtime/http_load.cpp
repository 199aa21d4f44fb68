// SPDX-License-Identifier: Apache-2.0
// Sends requests to an HTTP server on this machine from any number of callers, one connection each: one side of
// beside_litserve.py.
//
//   bench_runtime_http_load PORT PATH CONTENT_TYPE BODY_FILE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

#include "turns.hpp"

namespace {

using namespace gantry;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "http_load: %s\n", what);
  std::exit(1);
}

/// A persistent connection.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("cannot connect");
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  /// Sends `request` and returns the body of a response with status 200.
  std::string exchange(const std::string& request) {
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t n = ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) fail("the server closed the connection");
      sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    std::size_t head = std::string::npos;
    while ((head = answer.find("\r\n\r\n")) == std::string::npos) receive(answer);
    std::string headers = answer.substr(0, head + 2);
    std::transform(headers.begin(), headers.end(), headers.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (headers.compare(0, 12, "http/1.1 200") != 0) fail(headers.substr(0, headers.find('\r')).c_str());
    const std::string name = "\r\ncontent-length:";
    const std::size_t place = headers.find(name);
    if (place == std::string::npos) fail("an answer without Content-Length");
    const std::size_t length = std::stoul(headers.substr(place + name.size()));
    while (answer.size() < head + 4 + length) receive(answer);
    return answer.substr(head + 4, length);
  }

 private:
  void receive(std::string& answer) const {
    char buffer[65536];
    const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
    if (n <= 0) fail("the server closed the connection");
    answer.append(buffer, static_cast<std::size_t>(n));
  }

  int socket_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: bench_runtime_http_load PORT PATH CONTENT_TYPE BODY_FILE\n"), 64;
  const int port = std::atoi(argv[1]);
  std::ifstream file(argv[4], std::ios::binary);
  const std::string body((std::istreambuf_iterator<char>(file)), {});
  const std::string request = std::string("POST ") + argv[2] +
                              " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " + argv[3] +
                              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const std::string answer = Connection(port).exchange(request);
  std::vector<float> output(answer.size() / sizeof(float));
  std::memcpy(output.data(), answer.data(), output.size() * sizeof(float));
  bench::take_turns(output, "HTTP", [&](int) {
    thread_local Connection connection(port);  // each turn has new calling threads
    if (connection.exchange(request).size() != answer.size()) fail("an answer of another size");
  });
}

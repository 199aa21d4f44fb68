// SPDX-License-Identifier: Apache-2.0
// ScriptedServer: a server of one model, y = 2 x + 1 of f32[batch,4], that misbehaves as a test says.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gantry_test {

inline std::string metadata(const std::string& inputs, const std::string& outputs) {
  return R"({"name":"m","versions":["1"],"platform":"script","inputs":[)" + inputs + R"(],"outputs":[)" + outputs +
         "]}";
}
inline const std::string kX = R"({"name":"x","datatype":"FP32","shape":[-1,4]})";
inline const std::string kY = R"({"name":"y","datatype":"FP32","shape":[-1,4]})";

struct Request {
  std::string head;  // lines, with lower-case names of headers
  std::string body;
  std::map<std::string, std::string> headers;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// The server's side of one connection.
class Wire {
 public:
  explicit Wire(int socket) : socket_(socket) {}

  void send(const std::string& bytes) const {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto sent = ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<std::size_t>(sent);
    }
  }
  /// True when the client closes; false if it sends something.
  bool wait_for_close() const {
    char byte = 0;
    return ::recv(socket_, &byte, 1, 0) <= 0;
  }
  bool read(Request& request) {
    request = {};
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return false;
    request.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    for (std::size_t at = request.head.find("\r\n") + 2; at < request.head.size();) {
      const auto line_end = request.head.find("\r\n", at);
      const auto colon = request.head.find(": ", at);
      std::string name = request.head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      request.headers[name] = request.head.substr(colon + 2, line_end - colon - 2);
      at = line_end + 2;
    }
    const std::string length = request.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (buffer_.size() < size)
      if (!receive()) return false;
    request.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return true;
  }

 private:
  bool receive() {
    char bytes[65536];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::string buffer_;
};

inline std::string answer_of(const std::string& body, const std::string& headers = "", int status = 200) {
  return "HTTP/1.1 " + std::to_string(status) + " Text\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

/// The body of an answer, and its header line: `shape` and `size` may lie.
inline std::string infer_answer(const std::string& values, const std::string& shape, std::size_t size,
                                const std::string& headers = "") {
  const std::string json =
      R"({"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":)" + shape +
      R"(,"parameters":{"binary_data_size":)" + std::to_string(size) + "}}]}";
  return answer_of(json + values, "Inference-Header-Content-Length: " + std::to_string(json.size()) + "\r\n" + headers);
}

/// The right answer to a request.
inline std::string right_answer(const Request& request, const std::string& headers = "") {
  const std::size_t json_size = std::stoul(request.header("inference-header-content-length"));
  std::string values = request.body.substr(json_size);
  for (std::size_t at = 0; at + 4 <= values.size(); at += 4) {
    float x = 0;
    std::memcpy(&x, &values[at], 4);
    x = 2 * x + 1;
    std::memcpy(&values[at], &x, 4);
  }
  return infer_answer(values, "[" + std::to_string(values.size() / 16) + ",4]", values.size(), headers);
}

class ScriptedServer {
 public:
  /// Answers an infer request; `number` counts them from 0. False: the connection is closed.
  using Infer = std::function<bool(const Request& request, Wire& wire, int number)>;

  explicit ScriptedServer(Infer infer = nullptr, int port = 0) : infer_(std::move(infer)) {
    metadata_ = metadata(kX, kY);
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    socklen_t size = sizeof address;
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listening_, 64) != 0)
      throw std::runtime_error("cannot listen");
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    for (auto& thread : connections_) thread.join();
    ::close(listening_);
  }

  int port() const { return port_; }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  void set_metadata(std::string text, std::string headers = "") {
    const std::lock_guard lock(mutex_);
    metadata_ = std::move(text);
    metadata_headers_ = std::move(headers);
  }
  /// The largest batch by the model's config; 0: there is no config.
  void set_max_batch(int size) {
    const std::lock_guard lock(mutex_);
    max_batch_ = size;
  }
  /// From now on each connection is closed as soon as it is made.
  void refuse(bool refuses) { refuses_ = refuses; }
  int connections() const { return accepted_; }
  int infers() const { return infers_; }
  Request last_infer() const {
    const std::lock_guard lock(mutex_);
    return last_infer_;
  }

 private:
  void accept_all() {
    for (int socket = ::accept(listening_, nullptr, nullptr); socket >= 0;
         socket = ::accept(listening_, nullptr, nullptr)) {
      const std::lock_guard lock(mutex_);
      ++accepted_;
      if (is_ending_ || refuses_) {
        ::close(socket);
        continue;
      }
      open_.insert(socket);
      connections_.emplace_back([this, socket] { serve(socket); });
    }
  }
  void serve(int socket) {
    Wire wire(socket);
    Request request;
    while (wire.read(request) && answer(request, wire)) {
    }
    const std::lock_guard lock(mutex_);
    open_.erase(socket);
    ::close(socket);
  }
  bool answer(const Request& request, Wire& wire) {
    if (request.head.rfind("GET", 0) == 0) {
      const std::lock_guard lock(mutex_);
      const bool is_config = request.head.find("/config") != std::string::npos;
      if (is_config && max_batch_ == 0)
        wire.send(answer_of(R"({"error":"there is no config"})", "", 404));
      else if (is_config)
        wire.send(answer_of("{\"max_batch_size\":" + std::to_string(max_batch_) + "}"));
      else
        wire.send(answer_of(metadata_, metadata_headers_));
      return true;
    }
    const int number = infers_++;
    {
      const std::lock_guard lock(mutex_);
      last_infer_ = request;
    }
    if (infer_) return infer_(request, wire, number);
    wire.send(right_answer(request));
    return true;
  }

  const Infer infer_;
  int listening_ = -1;
  int port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<int> infers_{0};
  std::atomic<bool> refuses_{false};
  mutable std::mutex mutex_;
  std::string metadata_;
  std::string metadata_headers_;
  int max_batch_ = 64;
  Request last_infer_;
  std::set<int> open_;
  bool is_ending_ = false;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

}  // namespace gantry_test

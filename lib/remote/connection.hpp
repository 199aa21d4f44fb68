// SPDX-License-Identifier: Apache-2.0
// Connection: one connection to a server, and one request and its answer over it.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/time_source.hpp>
#include <optional>
#include <string>
#include <vector>

#include "remote/address.hpp"
#include "remote/asio.hpp"
#include "remote/flight.hpp"
#include "remote/http_answer.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// Threads: the I/O thread.
struct Connection {
  explicit Connection(asio::io_context& io) : socket(io) {}

  /// False if the server closed it, or sent what nobody asked for.
  bool is_usable();

  Socket socket;
  beast::flat_buffer buffer;
  std::string model_version;  // of the model that was compared on this connection
  TimeSource::Time idle_since{};
};

struct AnswerLimits {
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;
};

/// What became of a request.
struct Exchange {
  std::optional<HttpAnswer> answer;
  std::optional<Error> error;  // unless there is an answer; the flight's interruption is not among these
  bool has_begun = false;      // a byte of the answer came
};

/// Connects. unavailable with the reason; nothing was sent then.
asio::awaitable<Result<void>> connect(Connection& connection, const Address& address, Flight& flight);

/// Sends `pieces` and reads the answer. If the flight is stopped, the connection is closed and there is no answer.
/// unavailable for a connection that ends, model_error for an answer that is malformed or beyond the limits. The
/// connection is usable afterwards only if HttpAnswer::keeps.
asio::awaitable<Exchange> send_and_receive(Connection& connection, Flight& flight,
                                           std::vector<asio::const_buffer> pieces, AnswerLimits limits);

}  // namespace gantry::inline GANTRY_ABI::remote

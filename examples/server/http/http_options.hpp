// SPDX-License-Identifier: Apache-2.0
// HttpOptions: limits of the connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gantry_server {

struct HttpOptions {
  std::size_t max_body_bytes = std::size_t{64} << 20;
  /// Of the bodies of all requests that are being read or answered, and of answers above 64 KB that are being sent;
  /// what comes beyond it gets 503.
  std::size_t max_bytes_in_flight = std::size_t{1} << 30;
  std::size_t max_header_bytes = std::size_t{16} << 10;
  std::size_t max_connections = 10'000;
  /// From the first byte of a request to the end of its headers.
  std::chrono::milliseconds header_timeout{10'000};
  /// For the body, and for sending the answer: this, and one second for each `min_bytes_per_second`.
  std::chrono::milliseconds transfer_timeout{10'000};
  std::size_t min_bytes_per_second = std::size_t{64} << 10;
  /// zlib's level for answers to clients that accept compressed ones: 1 the fastest, 9 the smallest; 0: none is.
  int compression_level = 1;
  /// Shorter answers are not compressed.
  std::size_t compress_from_bytes = 1024;
  /// A connection without a request is closed after this time.
  std::chrono::milliseconds idle_timeout{75'000};
};

}  // namespace gantry_server

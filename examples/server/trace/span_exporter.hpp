// SPDX-License-Identifier: Apache-2.0
// SpanExporter: sends spans to a collector in batches, on a thread of its own.
//
// No request waits for it: spans wait in a buffer of TraceOptions::max_spans, and are dropped when it is full. A batch
// that the collector cannot take now is sent again, five times in all, with growing pauses; then it is dropped. Counts
// say how many were.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/beast.hpp"
#include "otlp_client.hpp"
#include "span.hpp"

namespace gantry_server {

/// Threads: thread-safe, but for stop().
class SpanExporter {
 public:
  using Say = std::function<void(const std::string&)>;

  struct Counts {
    std::uint64_t exported = 0;
    std::uint64_t dropped = 0;         ///< the buffer was full
    std::uint64_t lost = 0;            ///< the collector could not be reached, or refused the batch
    std::uint64_t rejected = 0;        ///< of a batch that it took
    std::uint64_t failed_exports = 0;  ///< attempts
    std::uint64_t waiting = 0;
  };

  /// Invalid options are an error that names the setting. `say` is told when exports begin to fail, and when they
  /// succeed again.
  static gantry::Result<std::unique_ptr<SpanExporter>> open(const TraceOptions& options, Say say);
  /// As stop().
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;

  /// Drops the span if there is no memory or no space in the buffer.
  void add(Span span) noexcept;
  Counts counts() const;
  /// Sends what waits, each batch once, for TraceOptions::timeout at most; what is left is dropped.
  void stop();

 private:
  SpanExporter(std::unique_ptr<OtlpClient> client, const TraceOptions& options, std::vector<Attribute> resource,
               Say say);
  asio::awaitable<void> run();
  asio::awaitable<void> send(std::size_t count, std::string body);
  std::vector<Span> take_batch();
  std::chrono::steady_clock::time_point epoch();
  void tell(const ExportAnswer& answer);

  const std::unique_ptr<OtlpClient> client_;
  const std::vector<Attribute> resource_;
  const std::size_t max_spans_;
  const std::chrono::milliseconds timeout_;
  const Say say_;

  mutable std::mutex mutex_;
  std::deque<Span> spans_;  // guarded by mutex_, as counts_ but for `waiting`
  Counts counts_;

  // Of the thread.
  asio::io_context io_{1};
  asio::steady_timer pause_{io_};  // until the next batch
  asio::steady_timer retry_{io_};  // until the next attempt
  asio::steady_timer end_{io_};    // of stop()
  bool is_stopping_ = false;
  bool has_failed_ = false;    // the last export
  std::size_t in_flight_ = 0;  // spans
  std::chrono::steady_clock::time_point epoch_{};
  std::thread thread_;
};

}  // namespace gantry_server

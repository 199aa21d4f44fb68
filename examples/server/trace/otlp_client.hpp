// SPDX-License-Identifier: Apache-2.0
// OtlpClient: sends one export to the collector, and says what became of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <gantry/result.hpp>
#include <memory>
#include <optional>
#include <string>

#include "collector_url.hpp"
#include "export_headers.hpp"
#include "http/beast.hpp"
#include "trace_options.hpp"

#ifdef GANTRY_SERVER_TLS
#include <boost/asio/ssl/context.hpp>
#endif

namespace gantry_server {

struct ExportAnswer {
  enum class Kind {
    kTaken,    ///< but for `rejected` spans
    kRetry,    ///< the collector cannot be reached, or says that it may take them later
    kRefused,  ///< it will not take them
  };
  Kind kind = Kind::kTaken;
  std::string text;                                 ///< why not
  std::size_t rejected = 0;                         ///< of those it took
  std::optional<std::chrono::seconds> retry_after;  ///< what it says
};

/// Threads: one thread runs its coroutines; the object outlives them.
class OtlpClient {
 public:
  /// Reads the headers and certificates. The errors name the setting.
  static gantry::Result<std::unique_ptr<OtlpClient>> open(const TraceOptions& options);

  /// Takes TraceOptions::timeout at most, beside the lookup of the host's name. A connection for each export: there are
  /// few, and none has to be watched between them.
  asio::awaitable<ExportAnswer> post(const std::string& body);
  /// "http://host:port/v1/traces"
  const std::string& url() const { return text_of_url_; }

 private:
  OtlpClient(CollectorUrl url, HeaderLines headers, const TraceOptions& options)
      : url_(std::move(url)), headers_(std::move(headers)), text_of_url_(options.endpoint), timeout_(options.timeout) {}
  template <class Stream>
  asio::awaitable<ExportAnswer> exchange(Stream& stream, const std::string& body) const;

  const CollectorUrl url_;
  const HeaderLines headers_;
  const std::string text_of_url_;
  const std::chrono::milliseconds timeout_;
#ifdef GANTRY_SERVER_TLS
  std::optional<asio::ssl::context> tls_;
#endif
};

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// TlsContext: the server's certificate and key, read again when their files change.
#pragma once

#include <functional>
#include <gantry/result.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "auth/watched_file.hpp"
#include "beast.hpp"
#include "tls_files.hpp"

#ifdef GANTRY_SERVER_TLS
#include <boost/asio/ssl/context.hpp>
#endif

namespace gantry_server {

#ifdef GANTRY_SERVER_TLS

/// TLS 1.2 or 1.3, and by ALPN HTTP/1.1 alone.
///
/// Threads: thread-safe.
class TlsContext {
 public:
  /// invalid_argument names the file, and what OpenSSL says of it. `warn` is told why changed files were not taken:
  /// then the previous ones stay in use.
  static gantry::Result<std::shared_ptr<TlsContext>> open(const TlsFiles& files,
                                                          std::function<void(const std::string&)> warn);

  /// For a new connection, which keeps it.
  std::shared_ptr<asio::ssl::context> current();

 private:
  TlsContext(TlsFiles files, std::function<void(const std::string&)> warn)
      : files_(std::move(files)), warn_(std::move(warn)), certificate_(files_.certificate), key_(files_.key) {}
  static gantry::Result<std::shared_ptr<asio::ssl::context>> read(const TlsFiles& files);

  const TlsFiles files_;
  const std::function<void(const std::string&)> warn_;
  std::mutex mutex_;  // guards what follows
  WatchedFile certificate_;
  WatchedFile key_;
  std::shared_ptr<asio::ssl::context> context_;
};

#else

/// This server was built without OpenSSL.
class TlsContext {
 public:
  static gantry::Result<std::shared_ptr<TlsContext>> open(const TlsFiles&,
                                                          const std::function<void(const std::string&)>&) {
    return gantry::Error(
        gantry::ErrorCode::kUnsupported,
        "this server was built without TLS: install OpenSSL's headers (Debian: libssl-dev), and build it "
        "again");
  }
};

#endif

}  // namespace gantry_server

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

/// What the files of TlsFiles hold; client_ca is empty if there is none.
struct TlsPem {
  std::string certificate;
  std::string key;
  std::string client_ca;
};

/// TLS 1.2 or 1.3, and by ALPN HTTP/1.1 alone; gRPC makes its own context of the same files.
///
/// Threads: thread-safe.
class TlsContext {
 public:
  /// Files that fit together.
  struct Loaded {
    std::shared_ptr<asio::ssl::context> context;
    std::shared_ptr<const TlsPem> pem;  ///< what `context` was made of: another object when they were read again
  };

  /// invalid_argument names the file, and what OpenSSL says of it. `warn` is told why changed files were not taken:
  /// then the previous ones stay in use.
  static gantry::Result<std::shared_ptr<TlsContext>> open(const TlsFiles& files,
                                                          std::function<void(const std::string&)> warn);

  /// For a new connection, which keeps it.
  Loaded current();

 private:
  TlsContext(TlsFiles files, std::function<void(const std::string&)> warn)
      : files_(std::move(files)), warn_(std::move(warn)), certificate_(files_.certificate), key_(files_.key) {}
  static gantry::Result<Loaded> read(const TlsFiles& files);

  const TlsFiles files_;
  const std::function<void(const std::string&)> warn_;
  std::mutex mutex_;  // guards what follows
  WatchedFile certificate_;
  WatchedFile key_;
  Loaded loaded_;
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

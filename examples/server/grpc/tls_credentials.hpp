// SPDX-License-Identifier: Apache-2.0
// TlsCredentials: the certificate of TlsContext for a port of gRPC, renewed with it.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <memory>

#include "http/tls_context.hpp"

namespace gantry_server {

/// Each new connection gets what TlsContext has then: files that do not fit together are reported there, and the
/// previous ones stay in use. gRPC's own FileWatcherCertificateProvider does not look whether they fit, and has no
/// certificate at all when they do not. TLS 1.2 or 1.3, and by ALPN HTTP/2 alone.
///
/// Ownership: outlives the server whose port it is.
/// Threads:   gRPC asks for the files of one connection at a time.
class TlsCredentials {
 public:
  explicit TlsCredentials(std::shared_ptr<TlsContext> tls);
  TlsCredentials(const TlsCredentials&) = delete;

  /// For one port.
  const std::shared_ptr<grpc::ServerCredentials>& credentials() const { return credentials_; }

 private:
  const std::shared_ptr<TlsContext> tls_;
  std::shared_ptr<const TlsPem> given_;  // to gRPC, last
  std::shared_ptr<grpc::ServerCredentials> credentials_;
};

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "tls_credentials.hpp"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <string>
#include <type_traits>
#include <utility>

namespace gantry_server {
namespace {

/// gRPC's C object as an object of grpc++: that of 1.51 adds the port itself; of later versions, `Base` does.
template <class Base, bool = std::is_abstract_v<Base>>
class Wrapped final : public Base {
 public:
  explicit Wrapped(grpc_server_credentials* wrapped) : wrapped_(wrapped) {}
  ~Wrapped() override { grpc_server_credentials_release(wrapped_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}  // there is none

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), wrapped_);
  }

  grpc_server_credentials* const wrapped_;
};

template <class Base>
class Wrapped<Base, false> final : public Base {
 public:
  explicit Wrapped(grpc_server_credentials* wrapped) : Base(wrapped) {}
};

/// Of a new connection.
grpc_ssl_certificate_config_reload_status renew(TlsContext& tls, std::shared_ptr<const TlsPem>& given,
                                                grpc_ssl_server_certificate_config** config) {
  auto pem = tls.current().pem;
  if (pem == given) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{pem->key.c_str(), pem->certificate.c_str()};
  // gRPC 1.51 ends the process where there are no roots. Where clients are asked for nothing, it uses none of them.
  const std::string& roots = pem->client_ca.empty() ? pem->certificate : pem->client_ca;
  *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);  // which copies them
  given = std::move(pem);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace

TlsCredentials::TlsCredentials(std::shared_ptr<TlsContext> tls) : tls_(std::move(tls)) {
  const auto fetch = [](void* self, grpc_ssl_server_certificate_config** config) {
    auto& credentials = *static_cast<TlsCredentials*>(self);
    return renew(*credentials.tls_, credentials.given_, config);
  };
  const bool asks_clients = !tls_->current().pem->client_ca.empty();
  credentials_ = std::make_shared<Wrapped<grpc::ServerCredentials>>(
      grpc_ssl_server_credentials_create_with_options(grpc_ssl_server_credentials_create_options_using_config_fetcher(
          asks_clients ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                       : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
          fetch, this)));
}

}  // namespace gantry_server

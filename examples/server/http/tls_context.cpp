// SPDX-License-Identifier: Apache-2.0
#include "tls_context.hpp"

#ifdef GANTRY_SERVER_TLS

#include <openssl/ssl.h>

#include <string_view>

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kHttp11, sizeof kHttp11 - 1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

gantry::Result<std::shared_ptr<asio::ssl::context>> TlsContext::read(const TlsFiles& files) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), choose_protocol, nullptr);
  boost::system::error_code error;
  const auto invalid = [&](const std::string& path) {
    return Error(ErrorCode::kInvalidArgument, "'" + path + "': " + error.message());
  };
  // OpenSSL would ask for a password on the terminal.
  context->set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); },
                                 error);
  context->use_certificate_chain_file(files.certificate, error);
  if (error) return invalid(files.certificate);
  context->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) return invalid(files.key);
  if (!files.client_ca.empty()) {
    context->load_verify_file(files.client_ca, error);
    if (error) return invalid(files.client_ca);
    context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  return context;
}

gantry::Result<std::shared_ptr<TlsContext>> TlsContext::open(const TlsFiles& files,
                                                             std::function<void(const std::string&)> warn) {
  std::shared_ptr<TlsContext> made(new TlsContext(files, std::move(warn)));
  auto context = read(files);
  if (!context) return context.error();
  made->context_ = *std::move(context);
  return made;
}

std::shared_ptr<asio::ssl::context> TlsContext::current() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool is_new_certificate = certificate_.has_changed(), is_new_key = key_.has_changed();
  if (is_new_certificate || is_new_key) {
    if (auto context = read(files_))
      context_ = *std::move(context);
    else
      warn_("the certificate stays as it was: " + context.error().to_string());
  }
  return context_;
}

}  // namespace gantry_server

#endif

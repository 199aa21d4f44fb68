// SPDX-License-Identifier: Apache-2.0
#include "tls_context.hpp"

#ifdef GANTRY_SERVER_TLS

#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

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

/// "" if there is no path.
gantry::Result<std::string> read_text(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(ErrorCode::kInvalidArgument, "'" + path + "': " + std::strerror(errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

gantry::Result<TlsPem> read_pem(const TlsFiles& files) {
  TlsPem pem;
  for (const auto& [path, text] : {std::pair{&files.certificate, &pem.certificate}, std::pair{&files.key, &pem.key},
                                   std::pair{&files.client_ca, &pem.client_ca}}) {
    auto read = read_text(*path);
    if (!read) return read.error();
    *text = *std::move(read);
  }
  return pem;
}

}  // namespace

gantry::Result<TlsContext::Loaded> TlsContext::read(const TlsFiles& files) {
  auto pem = read_pem(files);
  if (!pem) return pem.error();
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
  context->use_certificate_chain(asio::buffer(pem->certificate), error);
  if (error) return invalid(files.certificate);
  context->use_private_key(asio::buffer(pem->key), asio::ssl::context::pem, error);
  if (error) return invalid(files.key);
  if (!files.client_ca.empty()) {
    context->add_certificate_authority(asio::buffer(pem->client_ca), error);
    if (error) return invalid(files.client_ca);
    context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  }
  return Loaded{std::move(context), std::make_shared<const TlsPem>(*std::move(pem))};
}

gantry::Result<std::shared_ptr<TlsContext>> TlsContext::open(const TlsFiles& files,
                                                             std::function<void(const std::string&)> warn) {
  std::shared_ptr<TlsContext> made(new TlsContext(files, std::move(warn)));
  auto loaded = read(files);
  if (!loaded) return loaded.error();
  made->loaded_ = *std::move(loaded);
  return made;
}

TlsContext::Loaded TlsContext::current() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool is_new_certificate = certificate_.has_changed(), is_new_key = key_.has_changed();
  if (is_new_certificate || is_new_key) {
    if (auto loaded = read(files_))
      loaded_ = *std::move(loaded);
    else
      warn_("the certificate stays as it was: " + loaded.error().to_string());
  }
  return loaded_;
}

}  // namespace gantry_server

#endif

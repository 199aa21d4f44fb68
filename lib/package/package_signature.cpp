// SPDX-License-Identifier: Apache-2.0
// Ed25519 by OpenSSL.
#include "package/package_signature.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "package/package_files.hpp"

namespace gantry {
namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kMaxPemBytes = 64 << 10;

bool is_signed_by(const PublicKey& key, const Bytes& message, const Bytes& signature) {
  const Key loaded(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.bytes.data(), key.bytes.size()),
                   &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const bool is_valid =
      loaded && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
  ERR_clear_error();  // the host may use OpenSSL on this thread too
  return is_valid;
}

}  // namespace

Result<PublicKey> PublicKey::load(const std::string& path) {
  auto text = read_file(path, kMaxPemBytes);
  if (!text) return std::move(text).error();
  const std::unique_ptr<BIO, int (*)(BIO*)> source(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())),
                                                   &BIO_free);
  const Key key(source ? PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr) : nullptr, &EVP_PKEY_free);
  ERR_clear_error();
  PublicKey loaded;
  std::size_t size = loaded.bytes.size();
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(key.get(), loaded.bytes.data(), &size) != 1 || size != loaded.bytes.size())
    return Error(ErrorCode::kInvalidArgument,
                 "'" + path + "' is not an Ed25519 public key in PEM form; `gantry-pack --generate-key` makes one");
  return loaded;
}

namespace detail {

Result<void> check_signature_size(const Bytes& signature) {
  if (signature.size() == kSignatureBytes) return {};
  return Error(ErrorCode::kFailedPrecondition, "gantry.json.sig has " + std::to_string(signature.size()) +
                                                   " bytes, an Ed25519 signature has " +
                                                   std::to_string(kSignatureBytes));
}

Result<SignatureVerdict> judge_signature(const std::string& directory, const Bytes& manifest,
                                         Span<const PublicKey> keys) {
  const auto signature = read_package_file(directory, "gantry.json.sig");
  if (!signature && signature.error().code() == ErrorCode::kNotFound)
    return SignatureVerdict{false, "the package is not signed: gantry.json.sig is missing, and trusted_keys are given"};
  if (!signature) return signature.error();
  if (auto ok = check_signature_size(*signature); !ok) return SignatureVerdict{false, ok.error().message()};
  for (const PublicKey& key : keys)
    if (is_signed_by(key, manifest, *signature)) return SignatureVerdict{true, {}};
  return SignatureVerdict{false, "gantry.json.sig is not a signature of gantry.json by one of the " +
                                     std::to_string(keys.size()) +
                                     " trusted keys: the package was altered, or signed by somebody else"};
}

Result<Bytes> read_trusted_manifest(const std::string& directory, Span<const PublicKey> keys) {
  auto text = read_package_file(directory, "gantry.json");
  if (!text || keys.empty()) return text;
  const auto verdict = judge_signature(directory, *text, keys);
  if (!verdict) return verdict.error();
  if (!verdict->is_trusted) return Error(ErrorCode::kFailedPrecondition, verdict->why_not);
  return text;
}

}  // namespace detail
}  // namespace gantry

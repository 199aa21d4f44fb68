// SPDX-License-Identifier: Apache-2.0
// Ed25519 by libsodium. libsodium is not initialised: that is only for random numbers, which are not needed here, and
// the host may use libsodium itself.
#include "package/package_signature.hpp"

#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/return_if_error.hpp"
#include "package/package_files.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::size_t kSignatureBytes = crypto_sign_ed25519_BYTES;
constexpr std::size_t kMaxPemBytes = 64 << 10;

bool is_signed_by(const PublicKey& key, const Bytes& message, const Bytes& signature) {
  return crypto_sign_ed25519_verify_detached(signature.data(), message.data(), message.size(), key.bytes.data()) == 0;
}

/// The text between the lines "-----BEGIN PUBLIC KEY-----" and "-----END PUBLIC KEY-----" (RFC 7468).
std::optional<std::string_view> pem_content(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
  const auto begin = text.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin + kBegin.size());
  const auto end = text.find("-----END PUBLIC KEY-----");
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(0, end);
}

/// A SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): these bytes of DER, then the key.
constexpr std::array<std::uint8_t, 12> kEd25519Info = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

std::optional<PublicKey> parse_pem(std::string_view text) {
  const auto content = pem_content(text);
  if (!content) return std::nullopt;
  PublicKey key;
  std::array<std::uint8_t, kEd25519Info.size() + sizeof(key.bytes)> der{};
  std::size_t size = 0;
  if (sodium_base642bin(der.data(), der.size(), content->data(), content->size(), " \t\r\n", &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    return std::nullopt;
  if (size != der.size() || !std::equal(kEd25519Info.begin(), kEd25519Info.end(), der.begin())) return std::nullopt;
  std::copy(der.begin() + kEd25519Info.size(), der.end(), key.bytes.begin());
  return key;
}

}  // namespace

Result<PublicKey> PublicKey::load(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(auto text, read_file(path, kMaxPemBytes));
  const auto key = parse_pem({reinterpret_cast<const char*>(text.data()), text.size()});
  if (!key)
    return Error(ErrorCode::kInvalidArgument,
                 "'" + path + "' is not an Ed25519 public key in PEM form; `gantry-pack --generate-key` makes one");
  return *key;
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
  GANTRY_RETURN_IF_ERROR(signature);
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
  GANTRY_ASSIGN_OR_RETURN(const auto verdict, judge_signature(directory, *text, keys));
  if (!verdict.is_trusted) return Error(ErrorCode::kFailedPrecondition, verdict.why_not);
  return text;
}

}  // namespace detail
}  // namespace gantry::inline GANTRY_ABI

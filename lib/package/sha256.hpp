// SPDX-License-Identifier: Apache-2.0
// Sha256: SHA-256 (FIPS 180-4), by Nettle.
//
// libnettle and libsodium add 0.7 MB to a container, and do not change the process. OpenSSL's libcrypto with its
// dependencies adds 7 MB, and reads a configuration file of the machine.
#pragma once

#include <nettle/sha2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <gantry/version.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

class Sha256 {
 public:
  using Digest = std::array<unsigned char, SHA256_DIGEST_SIZE>;

  Sha256() { sha256_init(&context_); }
  void update(const void* data, std::size_t size) {
    sha256_update(&context_, size, static_cast<const std::uint8_t*>(data));
  }
  /// The digest of what was added since construction or the last digest.
  Digest take() {
    Digest digest{};
    sha256_digest(&context_, digest.size(), digest.data());  // also resets the context
    return digest;
  }

 private:
  sha256_ctx context_;
};

/// Lower case.
inline std::string to_hex(const Sha256::Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace gantry::inline GANTRY_ABI::detail

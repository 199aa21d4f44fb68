// SPDX-License-Identifier: Apache-2.0
// Signer: signs the packages of a test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdio>
#include <gantry/bytes.hpp>
#include <gantry/package.hpp>
#include <memory>
#include <string>

#include "package/package_builder.hpp"

namespace gantry::inline GANTRY_ABI::test {

/// An Ed25519 key pair, and files signed with it.
class Signer {
 public:
  Signer() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free) {}

  PublicKey public_key() const {
    PublicKey key;
    std::size_t size = key.bytes.size();
    EVP_PKEY_get_raw_public_key(key_.get(), key.bytes.data(), &size);
    return key;
  }
  void sign(const std::string& directory) const {
    const Bytes text = read_file(directory + "/gantry.json").value();
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_.get());
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, text.data(), text.size());
    EVP_MD_CTX_free(context);
    write_text(directory + "/gantry.json.sig", signature);
  }
  void write_pem(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_PUBKEY(file, key_.get());
    std::fclose(file);
  }

 private:
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
};

}  // namespace gantry::inline GANTRY_ABI::test

// SPDX-License-Identifier: Apache-2.0
// The Ed25519 signature of a package: gantry.json.sig signs the exact bytes of gantry.json, which holds the hash of
// every other file.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/package.hpp>
#include <gantry/span.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// failed_precondition unless `signature` has the size of an Ed25519 signature.
GANTRY_API Result<void> check_signature_size(const Bytes& signature);

/// Whether a trusted key signed the manifest.
struct SignatureVerdict {
  bool is_trusted = false;
  std::string why_not;  ///< why not: the signature is missing, malformed, or of another key
};

/// Checks gantry.json.sig in `directory` against `manifest`, the exact bytes of gantry.json (RFC 8032). An error means
/// that the result is unknown: the signature exists and cannot be read.
GANTRY_API Result<SignatureVerdict> judge_signature(const std::string& directory, const Bytes& manifest,
                                                    Span<const PublicKey> keys);

/// The exact bytes of gantry.json. With keys, its signature is verified before anything else reads the bytes. Errors:
/// not_found, failed_precondition (not signed by one of `keys`), and those of reading the files.
GANTRY_API Result<Bytes> read_trusted_manifest(const std::string& directory, Span<const PublicKey> keys);

}  // namespace gantry::inline GANTRY_ABI::detail

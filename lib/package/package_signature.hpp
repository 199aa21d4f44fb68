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

/// Whether somebody who is trusted has signed what was asked about.
struct SignatureVerdict {
  bool is_trusted = false;
  std::string why_not;  ///< when it is not: there is no signature, it is none, or it is somebody else's
};

/// What gantry.json.sig in `directory` says of `manifest`, the exact bytes of gantry.json (RFC 8032). An error means
/// that nothing is known: the signature is there and cannot be read.
GANTRY_API Result<SignatureVerdict> judge_signature(const std::string& directory, const Bytes& manifest,
                                                    Span<const PublicKey> keys);

/// The exact bytes of gantry.json, whose signature was verified before anything else looked at them; without keys, as
/// they are. Errors: not_found, failed_precondition (not signed by one of `keys`), what reading the files gives.
GANTRY_API Result<Bytes> read_trusted_manifest(const std::string& directory, Span<const PublicKey> keys);

}  // namespace gantry::inline GANTRY_ABI::detail

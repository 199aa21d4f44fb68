// SPDX-License-Identifier: Apache-2.0
// The Ed25519 signature of a package: gantry.json.sig signs the exact bytes of gantry.json, which holds the hash of
// every other file.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/package.hpp>
#include <gantry/span.hpp>

namespace gantry::detail {

/// failed_precondition unless `signature` has the size of an Ed25519 signature.
GANTRY_API Result<void> check_signature_size(const Bytes& signature);

/// failed_precondition unless `signature` is a signature of `manifest` by one of `keys` (RFC 8032).
Result<void> check_signature(const Bytes& manifest, const Bytes& signature, Span<const PublicKey> keys);

}  // namespace gantry::detail

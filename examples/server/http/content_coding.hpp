// SPDX-License-Identifier: Apache-2.0
// Content codings of HTTP bodies, gzip and deflate (RFC 9110, section 8.4.1), by zlib.
#pragma once

#include <cstddef>
#include <gantry/bytes.hpp>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "body_pool.hpp"

namespace gantry_server {

enum class ContentCoding { kGzip, kDeflate };

/// "gzip", "deflate".
const char* name_of(ContentCoding coding) noexcept;
/// A Content-Encoding of one coding; nullopt for any other, and for several.
std::optional<ContentCoding> parse_coding(std::string_view content_encoding);
/// The coding that an Accept-Encoding prefers; gzip if both are as good. nullopt: the client takes neither.
std::optional<ContentCoding> accepted_coding(std::string_view accept_encoding);

/// The plain bytes, in a buffer of `pool`; deflate is zlib's format, gzip may have several members. Stops with an
/// error: 413 (input_too_large) at more than `max_bytes`; resource_exhausted if `pool` has no more; invalid_argument
/// for what is no such stream, is cut off, or is longer than it; cancelled. Memory: twice the plain size while it
/// grows.
gantry::Result<gantry::Bytes> decompress(ContentCoding coding, const gantry::Bytes& body, std::size_t max_bytes,
                                         BodyPool& pool, const gantry::CancelToken& cancel);

/// The pieces as one stream, `level` 1 to 9; nullopt if that would not be shorter. std::bad_alloc.
std::optional<gantry::Bytes> compress(ContentCoding coding, const std::vector<gantry::Bytes>& pieces, int level);

}  // namespace gantry_server

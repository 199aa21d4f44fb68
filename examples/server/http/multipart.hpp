// SPDX-License-Identifier: Apache-2.0
// Bodies of multipart/form-data (RFC 7578), as forms of browsers and `curl -F` send them. Beast has no parser of them,
// and none of Debian's libraries reads a body that is in memory already; this one reads what clients send and nothing
// looser, so that no other reader of the same bytes finds other parts.
#pragma once

#include <cstddef>
#include <gantry/bytes.hpp>
#include <gantry/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gantry_server {

struct MultipartLimits {
  std::size_t max_parts = 1024;
  /// Of one part, with the empty line at their end.
  std::size_t max_header_bytes = std::size_t{8} << 10;
};

/// One field of a form.
struct FormPart {
  std::string name;        ///< of Content-Disposition; not empty
  std::string media_type;  ///< Content-Type as it came; empty: none
  gantry::Bytes content;   ///< refers to the body, which it keeps alive
};

/// The parts of `body`, in order, one at least; their contents are not copied. `content_type`: the request's header,
/// which has the boundary. Neither text before the first boundary nor any behind the last is taken, nor lines that end
/// with LF alone.
///
/// Errors: invalid_argument says what was expected, and in which part, counted from 0; input_too_large (413) for a
/// part's headers; media_type (415) for a part in a transfer encoding, which HTTP does not need.
gantry::Result<std::vector<FormPart>> read_multipart(const gantry::Bytes& body, std::string_view content_type,
                                                     const MultipartLimits& limits);

}  // namespace gantry_server

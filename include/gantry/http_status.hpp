// SPDX-License-Identifier: Apache-2.0
// http_status: an HTTP server's status for an Error. Depends on code and reason, never on the message.
//
//   response.status = gantry::http_status(error);
//   if (const auto after = gantry::retry_after(error)) response.set("Retry-After", std::to_string(after->count()));
#pragma once

#include <chrono>
#include <optional>

#include <gantry/error.hpp>
#include <gantry/export.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The status of an HTTP response (RFC 9110), 400..599. Thread-safe; does not throw; no allocation.
///
/// | reason             | status | why                                                                     |
/// |--------------------|--------|-------------------------------------------------------------------------|
/// | input_too_large    | 413    | the client must send less                                               |
/// | media_type         | 415    | the client must send another format                                     |
/// | queue_full, shed   | 503    | this server is full: 429 would blame one client, and balancers try the  |
/// |                    |        | next server after a 503                                                 |
/// | unhealthy, shutdown, out_of_memory | 503 | another server, or this one later, can serve it            |
/// | deadline_unreachable | 503 with resource_exhausted: other requests are ahead; else 504                |
///
/// | code, if no reason applies   | status |
/// |------------------------------|--------|
/// | invalid_argument             | 400, also for a damaged file |
/// | not_found                    | 404    |
/// | unsupported                  | 501    |
/// | resource_exhausted, unavailable | 503 |
/// | cancelled                    | 499, as in nginx's log: the client is gone |
/// | deadline_exceeded            | 504    |
/// | failed_precondition, model_error, internal | 500 |
GANTRY_API int http_status(const Error& error) noexcept;

/// Error::retry_after() for the Retry-After header: whole seconds, rounded up. nullopt if unknown, or if clients do not
/// retry the status. Thread-safe; does not throw.
GANTRY_API std::optional<std::chrono::seconds> retry_after(const Error& error) noexcept;

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// http_status: what a server answers for an Error. Built on code and reason, never on the message.
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

/// The status of an HTTP answer (RFC 9110), 400..599. Thread-safe; does not throw; no allocation.
///
/// | reason             | status | why                                                                     |
/// |--------------------|--------|-------------------------------------------------------------------------|
/// | input_too_large    | 413    | the client has to send less                                             |
/// | media_type         | 415    | the client has to send another format                                   |
/// | queue_full, shed   | 503    | this server is full: 429 would blame one client, and balancers try the  |
/// |                    |        | next server at a 503                                                    |
/// | unhealthy, shutdown, out_of_memory | 503 | another server, or this one later, can do it               |
/// | deadline_unreachable | 503 with resource_exhausted: it is others that are ahead; else 504              |
///
/// | code, no reason that decides | status |
/// |------------------------------|--------|
/// | invalid_argument             | 400, a file that is damaged included |
/// | not_found                    | 404    |
/// | unsupported                  | 501    |
/// | resource_exhausted, unavailable | 503 |
/// | cancelled                    | 499, as nginx writes into its log: the client is gone |
/// | deadline_exceeded            | 504    |
/// | failed_precondition, model_error, internal | 500 |
GANTRY_API int http_status(const Error& error) noexcept;

/// Error::retry_after() as the header Retry-After has it: whole seconds, rounded up. Nothing if it is not known, or if
/// the status is none that a client repeats. Thread-safe; does not throw.
GANTRY_API std::optional<std::chrono::seconds> retry_after(const Error& error) noexcept;

}  // namespace GANTRY_ABI
}  // namespace gantry

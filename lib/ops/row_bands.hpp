// SPDX-License-Identifier: Apache-2.0
// Loops over the rows of a picture or of planes. Bands of rows run on the threads that the call may use. No row of the
// result may depend on another one, so that the result is bit for bit that of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <gantry/call_context.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// The number of threads for a loop that takes one thread about `work` nanoseconds: all of the call's, from 1 ms on if
/// they are the worker's own team, from 8 ms on if they are other workers, which have to be woken; else 1.
std::size_t threads_for(const CallContext& call, std::int64_t work);

/// Calls body(begin, end) once for each of `bands` bands; there are at most `rows` bands. Checks the call before each
/// band. Errors: what interrupted the call. Rethrows what a body throws.
Result<void> run_bands(const CallContext& call, std::int64_t rows, std::size_t bands,
                       const std::function<void(std::int64_t, std::int64_t)>& body);

/// The same on threads_for(call, work) threads. A band is about 4 ms of work or less, so that the call is checked that
/// often, on one thread too.
Result<void> run_row_bands(const CallContext& call, std::int64_t rows, std::int64_t work,
                           const std::function<void(std::int64_t, std::int64_t)>& body);
template <class Body>
Result<void> for_row_bands(const CallContext& call, std::int64_t rows, std::int64_t work, const Body& body) {
  return run_row_bands(call, rows, work, std::cref(body));  // no copy of the body
}

}  // namespace gantry::inline GANTRY_ABI::detail

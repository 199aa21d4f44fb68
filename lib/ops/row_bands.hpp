// SPDX-License-Identifier: Apache-2.0
// Loops over the rows of a picture or of planes, in bands on the threads that the call may use. A row must not depend
// on another one of the result: then the bits are those of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <gantry/call_context.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// How many threads a loop is worth that takes one about `work` nanoseconds: those of the call, from 1 ms on where they
/// are the worker's own team, from 8 ms on where they are other workers, which have to be woken; else 1.
std::size_t threads_for(const CallContext& call, std::int64_t work);

/// body(begin, end) for `bands` bands of the rows, at most one a row, each once. Errors: what interrupted the call,
/// which is looked at before each band. What a body throws is thrown here.
Result<void> run_bands(const CallContext& call, std::int64_t rows, std::size_t bands,
                       const std::function<void(std::int64_t, std::int64_t)>& body);

/// The same for a loop of about `work` nanoseconds, on as many threads as it is worth. Bands are of about 4 ms of work,
/// or less: so often the call is looked at, on one thread too.
Result<void> run_row_bands(const CallContext& call, std::int64_t rows, std::int64_t work,
                           const std::function<void(std::int64_t, std::int64_t)>& body);
template <class Body>
Result<void> for_row_bands(const CallContext& call, std::int64_t rows, std::int64_t work, const Body& body) {
  return run_row_bands(call, rows, work, std::cref(body));  // no copy of the body
}

}  // namespace gantry::inline GANTRY_ABI::detail

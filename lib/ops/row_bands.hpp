// SPDX-License-Identifier: Apache-2.0
// Loops over the rows of a picture or of planes, in bands on the threads that the call may use. A row must not depend
// on another one of the result: then the bits are those of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <gantry/call_context.hpp>
#include <gantry/result.hpp>

namespace gantry::detail {

/// How many threads a loop is worth that takes one about `work` nanoseconds: those of the call, from 1 ms on where they
/// are the worker's own team, from 8 ms on where they are other workers, which have to be woken; else 1.
std::size_t threads_for(const CallContext& call, std::int64_t work);

/// body(begin, end) for `bands` bands of the rows, at most one a row, each once. Errors: what interrupted the call,
/// which is looked at before each band. What a body throws is thrown here.
Result<void> run_bands(const CallContext& call, std::int64_t rows, std::size_t bands,
                       const std::function<void(std::int64_t, std::int64_t)>& body);

/// The same for a loop of about `work` nanoseconds; on this thread as one band where it is not worth more.
template <class Body>
Result<void> for_row_bands(const CallContext& call, std::int64_t rows, std::int64_t work, const Body& body) {
  constexpr std::size_t kBandsOfAThread = 4;  // so that no thread waits long for a slower one
  const std::size_t threads = threads_for(call, work);
  if (threads > 1 && rows > 1) return run_bands(call, rows, kBandsOfAThread * threads, std::cref(body));
  body(std::int64_t{0}, rows);
  return {};
}

}  // namespace gantry::detail

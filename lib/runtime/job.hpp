// SPDX-License-Identifier: Apache-2.0
// Job: a unit of work for a thread of a runtime.
#pragma once

#include <gantry/error.hpp>
#include <gantry/function.hpp>
#include <optional>

namespace gantry::inline GANTRY_ABI::detail {

/// Called exactly once: with nullptr to run, or with the error if it will not run.
using Job = Function<void(const Error* refusal)>;

/// A job taken from the queue to run, or to be refused with `refusal`.
struct Work {
  Job job;
  std::optional<Error> refusal;

  void run() { job(refusal ? &*refusal : nullptr); }
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include "runtime/outside_wait.hpp"

#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

thread_local WorkingFor* working_for = nullptr;  // the innermost scope of this thread

}  // namespace

WorkingFor::WorkingFor(RuntimeCore& core) : core_(core), before_(std::exchange(working_for, this)) {}
WorkingFor::~WorkingFor() {
  working_for = before_;
}

OutsideWait::OutsideWait(RuntimeCore& awaited) : awaited_(awaited), is_working_(working_for != nullptr) {
  for (WorkingFor* work = working_for; work != nullptr; work = work->before_)
    if (work->waits_++ == 0) work->core_.queue().begin_wait();
}
OutsideWait::~OutsideWait() {
  for (WorkingFor* work = working_for; work != nullptr; work = work->before_)
    if (--work->waits_ == 0) work->core_.queue().end_wait();
}

}  // namespace gantry::inline GANTRY_ABI::detail

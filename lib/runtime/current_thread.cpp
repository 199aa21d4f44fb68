// SPDX-License-Identifier: Apache-2.0
#include "runtime/current_thread.hpp"

#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

thread_local const RuntimeCore* current = nullptr;
thread_local const RuntimeCore* helped = nullptr;
thread_local bool is_exiting = false;

}  // namespace

const RuntimeCore* current_core() noexcept {
  return current;
}
const RuntimeCore* helped_core() noexcept {
  return helped;
}

CallerScope::CallerScope(const RuntimeCore& core) : before_(std::exchange(current, &core)) {}
CallerScope::~CallerScope() {
  current = before_;
}

HelpScope::HelpScope(const RuntimeCore& core) : before_(std::exchange(helped, &core)) {}
HelpScope::~HelpScope() {
  helped = before_;
}

void begin_exit_on_this_thread() {
  is_exiting = true;
}
bool is_exiting_on_this_thread() noexcept {
  return is_exiting;
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>

#include <thread>

#include "cli/bench/load.hpp"

namespace gantry::inline GANTRY_ABI::cli {

void SteadyClock::sleep_until(Time time) {
  // By default Linux wakes a thread up to 50 us late, which would be part of every latency of an open loop.
  thread_local const bool is_punctual = ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL) == 0;
  static_cast<void>(is_punctual);
  std::this_thread::sleep_until(time);
}

}  // namespace gantry::inline GANTRY_ABI::cli

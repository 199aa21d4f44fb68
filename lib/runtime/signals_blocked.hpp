// SPDX-License-Identifier: Apache-2.0
// SignalsBlocked: starts threads that do not receive the signals sent to the process, which belong to the host's
// threads.
#pragma once

#include <gantry/version.hpp>

#include <pthread.h>
#include <signal.h>

namespace gantry::inline GANTRY_ABI::detail {

/// While it lives, threads that this thread starts inherit a mask that blocks signals sent to the process. Signals that
/// a thread causes itself (SIGSEGV, ...) are not blocked, so that crash handlers see them; neither is SIGPROF, so that
/// profilers see the thread.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF})
      ::sigdelset(&blocked, own);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace gantry::inline GANTRY_ABI::detail

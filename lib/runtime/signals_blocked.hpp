// SPDX-License-Identifier: Apache-2.0
// SignalsBlocked: threads that start meanwhile leave the process's signals to the host's threads.
#pragma once

#include <gantry/version.hpp>

#include <pthread.h>
#include <signal.h>

namespace gantry::inline GANTRY_ABI::detail {

/// While it lives, new threads start with the signals blocked that are sent to the process as a whole. What a thread
/// brings upon itself (SIGSEGV, ...) stays with it, so that crash handlers see it.
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

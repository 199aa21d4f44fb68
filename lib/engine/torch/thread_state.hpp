// SPDX-License-Identifier: Apache-2.0
// ThreadScope: sets up a thread for LibTorch's computation, and restores it afterwards.
//
// at::set_num_threads() is never called: it also sets the default of threads that the host starts later. Instead the
// OpenMP (and MKL) thread numbers of this one thread are set, after LibTorch's lazy initialization of the thread, which
// would overwrite them.
#pragma once

#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/util/Exception.h>

#include <cfenv>
#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Inference mode, no autocast, `threads` intra-op threads, round-to-nearest without flush-to-zero, and LibTorch's
/// warnings not printed, on this thread, for as long as the object lives.
///
/// Ownership: a scope; neither copied nor moved.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      a fraction of a microsecond; the first one on a thread also initialises LibTorch's state of it.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  std::fenv_t float_environment_;
  int openmp_threads_;
  int mkl_threads_;
  c10::InferenceMode inference_mode_;
  c10::impl::ExcludeDispatchKeyGuard without_autocast_;
  c10::WarningUtils::WarningHandlerGuard without_warnings_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch

// SPDX-License-Identifier: Apache-2.0
// Sets up a thread for LibTorch, and restores it.
#include "engine/torch/thread_state.hpp"

#include <ATen/Parallel.h>
#include <c10/core/DispatchKeySet.h>
#include <dlfcn.h>

#include "engine/torch/loaded_library.hpp"
#include "engine/torch/silence.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

/// The thread settings of the OpenMP runtime and the MKL that LibTorch itself uses. They are looked up through
/// libtorch_cpu and its dependencies, since the process may hold another OpenMP runtime too.
struct ThreadSettings {
  int (*openmp_get)() = nullptr;
  void (*openmp_set)(int) = nullptr;
  int (*mkl_set_local)(int) = nullptr;  // returns the previous number; 0: none
};

template <class Function>
void look_up(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
}

const ThreadSettings& settings() {
  static const ThreadSettings found = [] {
    ThreadSettings result;
    const std::string& path = torch_cpu_path();
    void* library = ::dlopen(path.empty() ? nullptr : path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (!library) return result;
    look_up(library, "omp_get_max_threads", result.openmp_get);
    look_up(library, "omp_set_num_threads", result.openmp_set);
    look_up(library, "MKL_Set_Num_Threads_Local", result.mkl_set_local);
    ::dlclose(library);
    return result;
  }();
  return found;
}

int openmp_threads() {
  return settings().openmp_get ? settings().openmp_get() : 0;
}

std::fenv_t take_float_environment() {
  std::fenv_t before;
  std::fegetenv(&before);
  std::fesetenv(FE_DFL_ENV);
  return before;
}

}  // namespace

ThreadScope::ThreadScope(int threads)
    : float_environment_(take_float_environment()),
      openmp_threads_(openmp_threads()),
      mkl_threads_(settings().mkl_set_local ? settings().mkl_set_local(0) : 0),
      without_autocast_(c10::autocast_dispatch_keyset),
      without_warnings_(&silence()) {
  (void)at::get_num_threads();  // LibTorch's lazy initialisation of this thread
  if (settings().mkl_set_local) settings().mkl_set_local(threads);
  if (settings().openmp_set) settings().openmp_set(threads);
}

ThreadScope::~ThreadScope() {
  if (settings().mkl_set_local) settings().mkl_set_local(mkl_threads_);
  if (settings().openmp_set && openmp_threads_ > 0) settings().openmp_set(openmp_threads_);
  std::fesetenv(&float_environment_);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

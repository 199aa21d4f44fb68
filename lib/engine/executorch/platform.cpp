// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/platform.hpp"

#include <executorch/runtime/platform/platform.h>
#include <executorch/runtime/platform/runtime.h>

#include <cstdint>
#include <string_view>

#include "engine/executorch/call_log.hpp"

// Of libexecutorch_threadpool.so, which the wheel has no header of.
namespace executorch::extension::threadpool {
class ThreadPool {
 public:
  bool _unsafe_reset_threadpool(std::uint32_t new_thread_count);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

void log(et_timestamp_t, et_pal_log_level_t level, const char*, const char*, std::size_t, const char* message,
         std::size_t length) {
  if (level == kError || level == kFatal) CallLog::add(std::string_view(message, length));
}

[[noreturn]] void abort_call() {
  throw Aborted();
}

bool register_hooks() {
  using ::executorch::runtime::PalImpl;
  const bool is_done = ::executorch::runtime::register_pal(
      PalImpl::create(nullptr, abort_call, nullptr, nullptr, log, nullptr, nullptr, "gantry"));
  ::executorch::runtime::runtime_init();
  return is_done;
}

}  // namespace

void take_over_platform() {
  static const bool is_done = register_hooks();
  static_cast<void>(is_done);
}

void hold_thread_pool_at_one() {
  if (auto* pool = ::executorch::extension::threadpool::get_threadpool()) pool->_unsafe_reset_threadpool(1);
}

}  // namespace gantry::inline GANTRY_ABI::executorch

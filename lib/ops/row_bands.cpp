// SPDX-License-Identifier: Apache-2.0
#include "ops/row_bands.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "runtime/context.hpp"
#include "runtime/parts.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kWorkForTeam = 1'000'000;
constexpr std::int64_t kWorkForWorkers = 8'000'000;
constexpr std::int64_t kWorkOfABand = 4'000'000;
constexpr std::size_t kBandsOfAThread = 4;  // so that no thread waits long for a slower one

}  // namespace

std::size_t threads_for(const CallContext& call, std::int64_t work) {
  const int threads = call.threads();
  if (threads < 2) return 1;
  return work < (loops_on_team(*call.context().runtime) ? kWorkForTeam : kWorkForWorkers)
             ? 1
             : static_cast<std::size_t>(threads);
}

Result<void> run_bands(const CallContext& call, std::int64_t rows, std::size_t bands,
                       const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::int64_t count = std::min(static_cast<std::int64_t>(bands), rows);
  const auto begin_of = [&](std::int64_t band) { return rows * band / count; };
  Mutex mutex;
  std::optional<Error> interruption;
  std::atomic<bool> is_over{false};
  call.parallel(static_cast<std::size_t>(count), [&](std::size_t index) {
    if (is_over) return;
    if (auto ended = call.interruption()) {
      is_over = true;
      const MutexLock lock(mutex);
      interruption = std::move(ended);
      return;
    }
    const auto band = static_cast<std::int64_t>(index);
    body(begin_of(band), begin_of(band + 1));
  });
  GANTRY_RETURN_IF_ERROR(interruption);
  return {};
}

Result<void> run_row_bands(const CallContext& call, std::int64_t rows, std::int64_t work,
                           const std::function<void(std::int64_t, std::int64_t)>& body) {
  const std::size_t threads = threads_for(call, work);
  const auto looks = static_cast<std::size_t>(std::max<std::int64_t>(work / kWorkOfABand, 1));
  return run_bands(call, rows, threads > 1 ? std::max(looks, kBandsOfAThread * threads) : looks, body);
}

}  // namespace gantry::inline GANTRY_ABI::detail

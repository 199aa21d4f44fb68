// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets of detection share: stages that are run on the calling thread, and what holds of what they
// give.
#pragma once

#include <algorithm>
#include <cmath>
#include <gantry/detect/detections.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/stage.hpp>
#include <initializer_list>
#include <optional>
#include <utility>

#include "fuzz/require.hpp"
#include "support/fake_engine.hpp"

namespace gantry::inline GANTRY_ABI::test {

/// On the calling thread.
template <class In, class Out>
Result<Out> run_once(const Stage<In, Out>& stage, In input) {
  static const Runtime runtime = make_runtime(1, Execution::kCaller);
  auto pipeline = compile(stage, runtime);
  if (!pipeline) return std::move(pipeline).error();
  return pipeline->run(std::move(input));
}

/// Nothing after an error, which must be one that may come.
template <class T>
std::optional<T> accepted(Result<T> result, bool may_lack_frame = true) {
  if (result) return *std::move(result);
  const ErrorCode code = result.error().code();
  require(code == ErrorCode::kInvalidArgument || code == ErrorCode::kResourceExhausted ||
          (may_lack_frame && code == ErrorCode::kFailedPrecondition));
  return std::nullopt;
}

/// NaN comes first, then the largest score.
inline bool is_in_order(const Detections& found) {
  return std::is_sorted(found.begin(), found.end(), [](const Detection& a, const Detection& b) {
    return std::isnan(a.score) ? !std::isnan(b.score) : a.score > b.score;
  });
}

}  // namespace gantry::inline GANTRY_ABI::test

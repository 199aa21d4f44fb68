// SPDX-License-Identifier: Apache-2.0
// The parameter `labels` of an op.
#pragma once

#include <gantry/classify.hpp>
#include <gantry/registry.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

/// Reads the labels; empty if the key is absent or wrong.
inline Labels read_labels(ParamReader& params, bool is_required) {
  const Bytes file = params.file("labels");
  if (!params.has("labels")) {
    if (is_required) params.fail("labels", "is missing");
    return {};
  }
  auto labels = Labels::parse(file);
  if (labels) return *std::move(labels);
  params.fail("labels", labels.error().message());
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail

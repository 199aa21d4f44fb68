// SPDX-License-Identifier: Apache-2.0
// The OUT of --draw: which file, and what is written to it.
#pragma once

#include <cstdint>
#include <gantry/result.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

struct DrawTarget {
  enum class Form : std::uint8_t { kPng, kJpeg, kPage };
  std::string path;
  Form form = Form::kPng;
};

/// By the ending of the name: .png, .jpg or .jpeg, .html; in capitals as well. invalid_argument for another one,
/// failed_precondition where its directory does not exist: who waits for a thousand answers wants to know before.
Result<DrawTarget> read_draw_target(const std::string& path);

}  // namespace gantry::inline GANTRY_ABI::cli

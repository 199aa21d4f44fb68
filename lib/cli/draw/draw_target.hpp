// SPDX-License-Identifier: Apache-2.0
// The OUT of --draw: the file, and what is written to it.
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

/// Reads the extension of the name: .png, .jpg or .jpeg, .html, in any case. invalid_argument for another one.
/// failed_precondition if the directory does not exist: the user should know before a long run.
Result<DrawTarget> read_draw_target(const std::string& path);

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// Tile: one of many inputs, on a contact sheet or page.
#pragma once

#include <gantry/image/image.hpp>
#include <optional>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

struct Tile {
  std::string argument;          ///< the input of the command line, or a file in its directory
  std::string words;             ///< the answer, or why the input failed
  std::optional<Image> picture;  ///< drawn on; unset: the input failed

  /// The file's name; the whole argument if it ends in '/'.
  std::string name() const {
    const std::string last = argument.substr(argument.find_last_of('/') + 1);
    return last.empty() ? argument : last;
  }
};

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// Tile: one input of many, as contact sheets and pages show it.
#pragma once

#include <gantry/image/image.hpp>
#include <optional>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

struct Tile {
  std::string argument;          ///< the input of the command line, or the file of a directory of it
  std::string words;             ///< what was answered; of an input that failed, why
  std::optional<Image> picture;  ///< drawn on; nothing: the input failed

  /// Its file's name; of a directory that ends in '/' all of it.
  std::string name() const {
    const std::string last = argument.substr(argument.find_last_of('/') + 1);
    return last.empty() ? argument : last;
  }
};

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// ContactSheet: one picture of small pictures side by side, with their names and answers below. A failed input is shown
// with its error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image/image.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/draw/tile.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Ownership: owns its tiles.
/// Threads:   one thread.
/// Errors:    image(): those of Image::make().
/// Cost:      230 kB per tile, and twice that while image() runs.
class ContactSheet {
 public:
  /// The largest picture of a tile.
  static constexpr std::int64_t kWidth = 320;
  static constexpr std::int64_t kHeight = 240;
  /// As many as fit on a screen.
  static constexpr std::size_t kMostTiles = 64;

  explicit ContactSheet(std::string title) : title_(std::move(title)) {}
  void add(Tile tile) { tiles_.push_back(std::move(tile)); }
  Result<Image> image() const;

 private:
  std::string title_;
  std::vector<Tile> tiles_;
};

}  // namespace gantry::inline GANTRY_ABI::cli

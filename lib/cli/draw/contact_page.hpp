// SPDX-License-Identifier: Apache-2.0
// ContactPage: a page of pictures that holds all of them and loads nothing, for any number of inputs. A click enlarges
// a picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/result.hpp>
#include <string>
#include <utility>

#include "cli/draw/tile.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Ownership: owns the page's text.
/// Threads:   one thread.
/// Errors:    add(): those of image::encode(); the page then lacks the tile.
/// Cost:      some 60 kB a tile: its picture as a JPEG, in base64.
class ContactPage {
 public:
  /// The largest picture of a tile: sharp on screens that show it at half of that.
  static constexpr std::int64_t kWidth = 640;
  static constexpr std::int64_t kHeight = 480;

  explicit ContactPage(std::string title) : title_(std::move(title)) {}
  Result<void> add(const Tile& tile);
  std::string html() const;

 private:
  std::string title_;
  std::string figures_;
  std::string failed_;  ///< links to them
  std::size_t count_ = 0;
  std::size_t failed_count_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::cli

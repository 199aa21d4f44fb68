// SPDX-License-Identifier: Apache-2.0
// ContactPage: a self-contained page with the pictures of any number of inputs. A click enlarges a picture.
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
/// Cost:      about 60 kB per tile: its picture as a JPEG, in base64.
class ContactPage {
 public:
  /// The largest picture of a tile: sharp on high-density screens, which show it at half the size.
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

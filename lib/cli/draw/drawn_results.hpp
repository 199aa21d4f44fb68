// SPDX-License-Identifier: Apache-2.0
// DrawnResults: the output of --draw. For one input its picture, drawn on; for several inputs a sheet or page of small
// pictures.
#pragma once

#include <cstddef>
#include <gantry/any_pipeline.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/draw/contact_page.hpp"
#include "cli/draw/contact_sheet.hpp"
#include "cli/draw/draw_target.hpp"
#include "cli/draw/input_picture.hpp"
#include "cli/expand_inputs.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Ownership: owns the pictures drawn so far.
/// Threads:   one thread.
/// Errors:    begin(): invalid_argument if drawing is impossible, OUT is one of the inputs, or cannot hold them all.
/// Cost:      reads and decodes each picture once more, on the thread that calls add().
class DrawnResults {
 public:
  /// `is_single`: there is one input, and it is a file.
  static Result<DrawnResults> begin(DrawTarget target, const AnyPipeline& pipeline, const Runtime& runtime,
                                    const std::vector<ExpandedInput>& inputs, bool is_single);

  /// To be called in the order of the inputs.
  void add(const std::string& argument, const Result<Payload>& answer);
  /// True if the only input failed: there is nothing to write.
  bool is_empty() const;
  /// Writes the file, unless it is empty. failed_precondition if it cannot be written.
  Result<void> write() const;
  /// Errors of inputs that were answered but could not be drawn.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Single {
    std::optional<Image> picture;
  };
  using Sink = std::variant<Single, ContactSheet, ContactPage>;
  DrawnResults(DrawTarget target, InputPictures pictures, Sink sink)
      : target_(std::move(target)), pictures_(std::move(pictures)), sink_(std::move(sink)) {}
  Result<PlacedPicture> picture_of(const std::string& argument) const;
  Result<Image> drawn(const std::string& argument, const Payload& answer) const;
  void add_tile(Tile tile);
  Result<Bytes> file() const;

  DrawTarget target_;
  InputPictures pictures_;
  Sink sink_;
  std::vector<std::string> problems_;
};

}  // namespace gantry::inline GANTRY_ABI::cli

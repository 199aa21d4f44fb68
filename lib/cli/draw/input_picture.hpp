// SPDX-License-Identifier: Apache-2.0
// Reads a pipeline's input pictures again, as its image.decode sees them, to draw on them.
#pragma once

#include <cstdint>
#include <gantry/any_pipeline.hpp>
#include <gantry/frame.hpp>
#include <gantry/image.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// A picture in RGB, and where in it the pixels of the input's picture are.
struct PlacedPicture {
  Image image;
  Frame frame;
};

/// Reads inputs of one pipeline as pictures.
///
/// Ownership: shares the pipeline and its runtime.
/// Threads:   immutable.
/// Errors:    those of load_input() and image.decode.
/// Cost:      reads the file again and decodes it; for a small picture a JPEG is decoded at a part of its size.
class InputPictures {
 public:
  /// invalid_argument for a pipeline that takes no picture: one input, of a file's Bytes or an Image.
  static Result<InputPictures> of(const AnyPipeline& pipeline, const Runtime& runtime);

  /// At its own size.
  Result<PlacedPicture> whole(const std::string& argument) const;
  /// Scaled to the largest size that fits, also if it is smaller.
  Result<PlacedPicture> within(const std::string& argument, std::int64_t width, std::int64_t height) const;

 private:
  InputPictures(AnyPipeline pipeline, Runtime runtime, image::Decode decode)
      : pipeline_(std::move(pipeline)), runtime_(std::move(runtime)), decode_(decode) {}
  Result<Image> load_image(const std::string& argument) const;
  bool takes_files() const;

  AnyPipeline pipeline_;
  Runtime runtime_;
  image::Decode decode_;
};

}  // namespace gantry::inline GANTRY_ABI::cli

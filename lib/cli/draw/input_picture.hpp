// SPDX-License-Identifier: Apache-2.0
// Reads a pipeline's input pictures again, as its image.decode does, to draw on them.
#pragma once

#include <cstdint>
#include <gantry/any_pipeline.hpp>
#include <gantry/frame.hpp>
#include <gantry/image.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// A picture in RGB, and the position of the input picture's pixels in it.
struct PlacedPicture {
  Image image;
  Frame frame;
};

/// Reads inputs of one pipeline as pictures.
///
/// Ownership: shares the pipeline and its runtime.
/// Threads:   immutable.
/// Errors:    those of load_input() and image.decode.
/// Cost:      reads and decodes the file again; for a small picture a JPEG is decoded at reduced size.
class InputPictures {
 public:
  /// invalid_argument unless the pipeline takes one picture: a file's Bytes or an Image.
  static Result<InputPictures> of(const AnyPipeline& pipeline, const Runtime& runtime);

  /// At its original size.
  Result<PlacedPicture> whole(const std::string& argument) const;
  /// Scaled to the largest size that fits, up or down.
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

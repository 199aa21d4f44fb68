// SPDX-License-Identifier: Apache-2.0
// What a careful programmer writes without gantry: libspng, Pillow's resampling in plain loops, LibTorch. It has one
// kind of picture (8-bit PNG, read as RGB), one model, and only the checks that prevent a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace handwritten {

struct Scored {
  std::int64_t index;
  std::string label;
  float score;
};

/// Throws std::runtime_error on any failure.
class Classifier {
 public:
  Classifier(const std::string& model_path, const std::string& labels_path);
  ~Classifier();

  /// The five best classes of a PNG file's content.
  std::vector<Scored> classify(const std::string& png) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string read_file(const std::string& path);

}  // namespace handwritten

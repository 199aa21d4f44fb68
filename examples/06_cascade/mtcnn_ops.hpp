// SPDX-License-Identifier: Apache-2.0
// The ops between the three networks of examples/models/mtcnn.py: what is the host's own in the cascade. The package
// names them; a program that opens it registers them, or the gantry tool takes them from a plugin.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gantry/core.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "boxes.hpp"

namespace mtcnn {

using gantry::Tensor;
using gantry::Tensors;

[[noreturn]] inline void refuse(const std::string& message) {
  throw gantry::ResultError(gantry::Error(gantry::ErrorCode::kInvalidArgument, message));
}

inline const Tensor& named(const Tensors& tensors, const char* name) {
  const Tensor* found = tensors.find(name);
  if (found == nullptr) refuse(std::string("there is no tensor '") + name + "'");
  return *found;
}

/// The values of a tensor of this shape, where kAny is whatever it has.
constexpr std::int64_t kAny = -1;
template <class T>
gantry::Span<const T> values_of(const Tensor& tensor, const std::vector<std::int64_t>& shape) {
  const auto fits = [](std::int64_t size, std::int64_t wanted) { return wanted == kAny || size == wanted; };
  if (!std::equal(tensor.shape().begin(), tensor.shape().end(), shape.begin(), shape.end(), fits)) {
    std::string wanted;
    for (const std::int64_t size : shape)
      wanted += (wanted.empty() ? "" : ", ") + (size == kAny ? "any" : std::to_string(size));
    refuse("expected [" + wanted + "], got " + tensor.to_string());
  }
  return tensor.values<T>().value();
}

/// u8[3, height, width]; looks at the tensor's memory.
struct Picture {
  explicit Picture(const Tensor& tensor)
      : bytes(values_of<std::uint8_t>(tensor, {3, kAny, kAny})),
        height(static_cast<int>(tensor.shape()[1])),
        width(static_cast<int>(tensor.shape()[2])) {}
  gantry::Span<const std::uint8_t> bytes;
  int height = 0, width = 0;
};

/// The window resampled to f32[3, height, width] by means of areas, as torch's interpolate(mode="area"), then
/// normalised.
inline Tensor shrink(const Picture& picture, const Window& window, int height, int width) {
  Tensor result = Tensor::make(gantry::DType::kF32, {3, height, width}).value();
  float* out = result.mutable_values<float>()->data();
  const auto begin_of = [](int i, int from, int to) { return static_cast<int>(std::int64_t{i} * from / to); };
  const auto end_of = [](int i, int from, int to) {
    return static_cast<int>((std::int64_t{i + 1} * from + to - 1) / to);
  };
  const int rows = window.bottom - window.top;
  const int columns = window.right - window.left;
  for (int channel = 0; channel < 3; ++channel) {
    const std::uint8_t* plane =
        picture.bytes.data() + static_cast<std::ptrdiff_t>(channel) * picture.height * picture.width;
    for (int i = 0; i < height; ++i) {
      const int first_row = begin_of(i, rows, height);
      const int last_row = end_of(i, rows, height);
      for (int j = 0; j < width; ++j) {
        const int first_column = begin_of(j, columns, width);
        const int last_column = end_of(j, columns, width);
        std::int64_t sum = 0;
        for (int y = first_row; y < last_row; ++y)
          for (int x = first_column; x < last_column; ++x)
            sum += plane[static_cast<std::ptrdiff_t>(window.top + y) * picture.width + window.left + x];
        const float mean = static_cast<float>(sum) / static_cast<float>(last_row - first_row) /
                           static_cast<float>(last_column - first_column);
        *out++ = (mean - 127.5F) * 0.0078125F;
      }
    }
  }
  return result;
}

/// The pyramid: the smallest face that is looked for, and how much smaller each level is.
struct Scales {
  double min_face = 20, factor = 0.709;

  static Scales read(gantry::ParamReader& params) {
    const Scales scales{params.number("min_face", 20), params.number("factor", 0.709)};
    if (scales.min_face < 1) params.fail("min_face", "must be 1 or more");
    if (!(scales.factor > 0 && scales.factor < 1)) params.fail("factor", "must be above 0 and below 1");
    return scales;
  }
  std::vector<double> of(const Picture& picture) const {
    std::vector<double> found;
    double scale = 12 / min_face;
    for (double side = std::min(picture.height, picture.width) * scale; side >= 12; side *= factor) {
      found.push_back(scale);
      scale *= factor;
    }
    return found;
  }
};

inline std::vector<Tensor> pyramid(const Scales& scales, const Tensor& tensor) {
  const Picture picture(tensor);
  std::vector<Tensor> levels;
  for (const double scale : scales.of(picture))
    levels.push_back(shrink(picture, {0, 0, picture.width, picture.height},
                            static_cast<int>(picture.height * scale + 1), static_cast<int>(picture.width * scale + 1)));
  return levels;
}

/// f32[n, 5] of boxes, with the picture; boxes of which there is nothing to see are left out.
inline Tensors with_picture(const Tensor& tensor, const std::vector<Box>& boxes) {
  const Picture picture(tensor);
  std::vector<float> rows;
  for (const Box& box : boxes)
    if (!window_of(box, picture.width, picture.height).is_empty())
      rows.insert(rows.end(), {box.left, box.top, box.right, box.bottom, box.score});
  const auto count = static_cast<std::int64_t>(rows.size() / 5);
  return {{"picture", tensor}, {"boxes", Tensor::from<float>(rows, {count, 5}).value()}};
}
inline std::vector<Box> boxes_of(const Tensors& found) {
  const auto rows = values_of<float>(named(found, "boxes"), {kAny, 5});
  std::vector<Box> boxes;
  for (std::size_t i = 0; i + 5 <= rows.size(); i += 5)
    boxes.push_back({rows[i], rows[i + 1], rows[i + 2], rows[i + 3], rows[i + 4]});
  return boxes;
}

/// What PNet takes for faces on one level, with how it moves them.
inline void add_level(const Tensors& level, double scale, double threshold, std::vector<Box>& boxes,
                      std::vector<Move>& moves) {
  const Tensor& probability = named(level, "probability");
  const auto scores = values_of<float>(probability, {2, kAny, kAny});
  const auto regression =
      values_of<float>(named(level, "regression"), {4, probability.shape()[1], probability.shape()[2]});
  const auto cells = static_cast<std::size_t>(probability.shape()[1] * probability.shape()[2]);
  const auto width = static_cast<std::size_t>(probability.shape()[2]);
  const auto by = static_cast<float>(scale);
  std::vector<Box> found;
  std::vector<Move> found_moves;
  for (std::size_t i = 0; i < cells; ++i) {
    const float score = scores[cells + i];
    if (!(score >= static_cast<float>(threshold))) continue;
    const auto x = static_cast<float>(i % width), y = static_cast<float>(i / width);
    found.push_back({std::floor((2 * x + 1) / by), std::floor((2 * y + 1) / by), std::floor((2 * x + 12) / by),
                     std::floor((2 * y + 12) / by), score});
    found_moves.push_back({regression[i], regression[cells + i], regression[2 * cells + i], regression[3 * cells + i]});
  }
  for (const std::size_t i : best_of(found, overlap, 0.5)) {
    boxes.push_back(found[i]);
    moves.push_back(found_moves[i]);
  }
}

inline Tensors propose(const Scales& scales, double threshold, const std::tuple<Tensor, std::vector<Tensors>>& value) {
  const auto& [picture, levels] = value;
  const std::vector<double> by = scales.of(Picture(picture));
  std::vector<Box> boxes, proposed;
  std::vector<Move> moves;
  for (std::size_t i = 0; i < levels.size() && i < by.size(); ++i) add_level(levels[i], by[i], threshold, boxes, moves);
  for (const std::size_t i : best_of(boxes, overlap, 0.7)) proposed.push_back(squared(moved(boxes[i], moves[i], 0)));
  return with_picture(picture, proposed);
}

inline std::vector<Tensor> crops(int size, const Tensors& found) {
  const Picture picture(named(found, "picture"));
  std::vector<Tensor> result;
  for (const Box& box : boxes_of(found))
    result.push_back(shrink(picture, window_of(box, picture.width, picture.height), size, size));
  return result;
}

/// A network's answer for one box that it takes for a face.
struct Judged {
  Box box;
  Move move;
  std::vector<float> points;
};

/// The boxes whose score, which is the network's now, is above the threshold.
inline std::vector<Judged> judged(const Tensors& found, const std::vector<Tensors>& answers, double threshold) {
  std::vector<Judged> faces;
  const std::vector<Box> boxes = boxes_of(found);
  for (std::size_t i = 0; i < boxes.size() && i < answers.size(); ++i) {
    const float score = values_of<float>(named(answers[i], "probability"), {2})[1];
    if (!(score > static_cast<float>(threshold))) continue;
    const auto by = values_of<float>(named(answers[i], "regression"), {4});
    Judged face{boxes[i], {by[0], by[1], by[2], by[3]}, {}};
    face.box.score = score;
    if (const Tensor* points = answers[i].find("points")) {
      const auto all = values_of<float>(*points, {10});
      face.points.assign(all.begin(), all.end());
    }
    faces.push_back(std::move(face));
  }
  return faces;
}

inline Tensors refine(double threshold, const std::tuple<Tensors, std::vector<Tensors>>& value) {
  const auto& [found, answers] = value;
  const std::vector<Judged> faces = judged(found, answers, threshold);
  std::vector<Box> boxes, refined;
  for (const Judged& face : faces) boxes.push_back(face.box);
  for (const std::size_t i : best_of(boxes, overlap, 0.7))
    refined.push_back(squared(moved(boxes[i], faces[i].move, 1)));
  return with_picture(named(found, "picture"), refined);
}

inline Tensors faces(double threshold, const std::tuple<Tensors, std::vector<Tensors>>& value) {
  const auto& [found, answers] = value;
  const std::vector<Judged> all = judged(found, answers, threshold);
  std::vector<Box> boxes;
  for (const Judged& face : all) boxes.push_back(moved(face.box, face.move, 1));
  std::vector<float> corners, scores, points;
  for (const std::size_t i : best_of(boxes, overlap_of_smaller, 0.7F)) {
    corners.insert(corners.end(), {boxes[i].left, boxes[i].top, boxes[i].right, boxes[i].bottom});
    scores.push_back(boxes[i].score);
    const Box& before = all[i].box;  // points are of the box that the network saw
    for (std::size_t k = 0; k < 5; ++k) {
      points.push_back((before.right - before.left + 1) * all[i].points.at(k) + before.left - 1);
      points.push_back((before.bottom - before.top + 1) * all[i].points.at(5 + k) + before.top - 1);
    }
  }
  const auto count = static_cast<std::int64_t>(scores.size());
  return {{"boxes", Tensor::from<float>(corners, {count, 4}).value()},
          {"scores", Tensor::from<float>(scores, {count}).value()},
          {"points", Tensor::from<float>(points, {count, 5, 2}).value()}};
}

/// A stage called as its op.
template <class In, class Out, class F>
gantry::Stage<In, Out> op(const char* name, F run) {
  return gantry::stage(name, [run](const In& value) -> Out { return run(value); });
}

inline void add_to(gantry::Registry& registry) {
  using Levels = std::tuple<Tensor, std::vector<Tensors>>;
  using Answers = std::tuple<Tensors, std::vector<Tensors>>;
  registry.add<Tensor, std::vector<Tensor>>("mtcnn.pyramid", [](gantry::ParamReader& params) {
    const Scales scales = Scales::read(params);
    return op<Tensor, std::vector<Tensor>>("mtcnn.pyramid",
                                           [=](const Tensor& value) { return pyramid(scales, value); });
  });
  registry.add<Levels, Tensors>("mtcnn.propose", [](gantry::ParamReader& params) {
    const Scales scales = Scales::read(params);
    const double threshold = params.number("threshold", 0.6);
    return op<Levels, Tensors>("mtcnn.propose", [=](const Levels& value) { return propose(scales, threshold, value); });
  });
  registry.add<Tensors, std::vector<Tensor>>("mtcnn.crops", [](gantry::ParamReader& params) {
    const auto size = static_cast<int>(params.integer("size"));
    if (size < 1 || size > 1024) params.fail("size", "must be 1..1024");
    return op<Tensors, std::vector<Tensor>>("mtcnn.crops", [=](const Tensors& value) { return crops(size, value); });
  });
  registry.add<Answers, Tensors>("mtcnn.refine", [](gantry::ParamReader& params) {
    const double threshold = params.number("threshold", 0.7);
    return op<Answers, Tensors>("mtcnn.refine", [=](const Answers& value) { return refine(threshold, value); });
  });
  registry.add<Answers, Tensors>("mtcnn.faces", [](gantry::ParamReader& params) {
    const double threshold = params.number("threshold", 0.7);
    return op<Answers, Tensors>("mtcnn.faces", [=](const Answers& value) { return faces(threshold, value); });
  });
}

}  // namespace mtcnn

// SPDX-License-Identifier: Apache-2.0
// acme::Landmarks: a custom payload type. With its codec, servers, golden cases, .npy files and the gantry tool handle
// it like a built-in type. With its ops, packages can use it.
#pragma once

#include <gantry/core.hpp>
#include <string>
#include <utility>
#include <vector>

namespace acme {

struct Point {
  float x = 0, y = 0;
};

/// The type. Any movable struct will do; the input type of golden cases must be copyable.
struct Landmarks {
  std::vector<Point> points;
};

/// Conversion to f32[n, 2], and back from any tensor of pairs.
inline gantry::Result<gantry::Tensor> to_tensor(const Landmarks& landmarks) {
  std::vector<float> values;
  for (const Point& point : landmarks.points) values.insert(values.end(), {point.x, point.y});
  return gantry::Tensor::from<float>(gantry::Span<const float>(values),
                                     {static_cast<std::int64_t>(landmarks.points.size()), 2});
}
inline gantry::Result<Landmarks> from_tensor(const gantry::Tensor& tensor) {
  const auto values = tensor.values<float>();
  if (!values) return values.error();
  if (values->size() % 2 != 0)
    return gantry::Error(gantry::ErrorCode::kInvalidArgument, "landmarks are pairs, got " + tensor.to_string());
  Landmarks landmarks;
  for (std::size_t i = 0; i < values->size(); i += 2) landmarks.points.push_back({(*values)[i], (*values)[i + 1]});
  return landmarks;
}

/// The codec: {"landmarks": [[x, y], ...]} in JSON, one tensor in a .npy file. Landmarks are compared as tensors, so it
/// needs no comparison of its own.
inline gantry::Codec<Landmarks> codec() {
  gantry::Codec<Landmarks> codec;
  codec.name = "landmarks";
  codec.write_json = [](const Landmarks& landmarks, gantry::JsonWriter& json) {
    json.begin_list();
    for (const Point& point : landmarks.points) json.begin_list().value(point.x).value(point.y).end_list();
    json.end_list();
  };
  codec.read_json = [](const gantry::JsonView& json) -> gantry::Result<Landmarks> {
    const auto items = json.items();
    if (!items) return items.error();
    Landmarks landmarks;
    for (const gantry::JsonView& item : *items) {
      const auto pair = item.numbers();
      if (!pair || pair->size() != 2) return item.error("expected [x, y], got " + item.to_string());
      landmarks.points.push_back({static_cast<float>((*pair)[0]), static_cast<float>((*pair)[1])});
    }
    return landmarks;
  };
  codec.to_tensors = [](const Landmarks& landmarks) -> gantry::Result<gantry::Tensors> {
    auto tensor = to_tensor(landmarks);
    if (!tensor) return tensor.error();
    return gantry::Tensors{{"points", *tensor}};
  };
  codec.from_tensors = [](const gantry::Tensors& tensors) { return from_tensor(tensors[0].tensor); };
  return codec;
}

/// The ops: a model sees the landmarks of a sample as one row.
inline gantry::Stage<Landmarks, gantry::Tensor> flatten() {
  return gantry::stage("acme.flatten", [](const Landmarks& landmarks) -> gantry::Result<gantry::Tensor> {
    const auto tensor = to_tensor(landmarks);
    if (!tensor) return tensor.error();
    return tensor->reshape({tensor->numel()});
  });
}
inline gantry::Stage<gantry::Tensor, Landmarks> landmarks() {
  return gantry::stage("acme.landmarks", [](const gantry::Tensor& row) { return from_tensor(row); });
}

inline void add_to(gantry::Registry& registry) {
  registry.add_codec(codec());
  registry.add<Landmarks, gantry::Tensor>("acme.flatten", [](gantry::ParamReader&) { return flatten(); });
  registry.add<gantry::Tensor, Landmarks>("acme.landmarks", [](gantry::ParamReader&) { return landmarks(); });
}

}  // namespace acme

// SPDX-License-Identifier: Apache-2.0
// Runs decoders of a detector's head, and ops on what they find, over tensors, for comparison with the Python stack:
//
//   decoder_probe CASES.json
//
// CASES is a list of {"ops", "tensor" or "tensors", "out"}. "tensor" is an .npy file, "tensors" a list of {"name",
// "file"}; with {"op": "probe.picture"} in front they are of a picture of "width" x "height". The result is written as
// an .npy array f64[n, 6 + 3 * k] of class, score, x0, y0, x1, y1, and x, y, score of k keypoints; an error as OUT with
// ".error" behind it. Files that an op names are read as they are.
#include <cstdio>
#include <fstream>
#include <gantry/detect.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/npy.hpp"
#include "parity/probe_main.hpp"

namespace {

using namespace gantry;

Result<Tensor> load(const std::string& path) {
  auto file = read_file(path);
  if (!file) return std::move(file).error();
  return detail::parse_npy(*file);
}

Result<Tensor> to_array(const Detections& detections) {
  std::vector<double> values;
  const std::size_t columns = 6 + (detections.empty() ? 0 : 3 * detections[0].keypoints.size());
  for (const Detection& one : detections) {
    values.push_back(static_cast<double>(one.index));
    for (const float value : {one.score, one.box.x0, one.box.y0, one.box.x1, one.box.y1})
      values.push_back(static_cast<double>(value));
    for (const Keypoint& point : one.keypoints)
      for (const float value : {point.x, point.y, point.score}) values.push_back(static_cast<double>(value));
  }
  return Tensor::from<double>(Span<const double>(values),
                              {static_cast<std::int64_t>(detections.size()), static_cast<std::int64_t>(columns)});
}

/// The ops, and one in place of what comes before a model: says of which picture the tensors are.
Registry make_registry() {
  Registry registry = Registry::builtin();
  registry.add<Tensors, Tensors>("probe.picture", [](ParamReader& params) {
    const Frame frame = Frame::of(params.integer("width"), params.integer("height"));
    return stage("probe.picture", [frame](const Tensors& tensors, const CallContext& call) {
      call.set_frame(frame);
      return tensors;
    });
  });
  return registry;
}

template <class In>
Result<Bytes> run(const nlohmann::json& ops, In input) {
  static const Registry registry = make_registry();
  auto output = test::run_ops<In, Detections>(ops, registry, std::move(input));
  if (!output) return std::move(output).error();
  auto array = to_array(*output);
  if (!array) return std::move(array).error();
  return detail::to_npy(*array);
}

Result<Bytes> dispatch(const nlohmann::json& test) {
  if (test.contains("tensor")) {
    auto tensor = load(test.at("tensor").get<std::string>());
    if (!tensor) return std::move(tensor).error();
    return run<Tensor>(test.at("ops"), *std::move(tensor));
  }
  Tensors tensors;
  for (const nlohmann::json& item : test.at("tensors")) {
    auto tensor = load(item.at("file").get<std::string>());
    if (!tensor) return std::move(tensor).error();
    tensors.add(item.at("name").get<std::string>(), *std::move(tensor));
  }
  return run<Tensors>(test.at("ops"), std::move(tensors));
}

}  // namespace

int main(int argc, char** argv) {
  return gantry::test::probe_main(argc, argv, dispatch);
}

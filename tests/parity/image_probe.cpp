// SPDX-License-Identifier: Apache-2.0
// Runs config pipelines over files, for comparison with the Python stack:
//
//   image_probe CASES.json
//
// CASES is a list of {"takes", "gives", "pipeline", "in", "out"}. An input is a file ("bytes") or an .npy array
// ("image": u8[H, W, C], "tensor": f32, "labels": i32[H, W], whose "pipeline" is {"label": n}); a result is written as
// an .npy array, an error as OUT with ".error" behind it.
#include <cstdio>
#include <fstream>
#include <gantry/classify.hpp>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <gantry/segmentation.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "model/npy.hpp"
#include "parity/probe_main.hpp"

namespace {

using namespace gantry;

Result<Bytes> load(const std::string& path, Bytes*) {
  return read_file(path);
}

Result<Tensor> load(const std::string& path, Tensor*) {
  auto file = read_file(path);
  if (!file) return std::move(file).error();
  return detail::parse_npy(*file);
}

Result<Image> load(const std::string& path, Image*) {
  auto tensor = load(path, static_cast<Tensor*>(nullptr));
  if (!tensor) return std::move(tensor).error();
  const std::int64_t channels = tensor->rank() == 3 ? tensor->shape()[2] : 0;
  const Colour colour = channels == 1 ? Colour::kGray : channels == 3 ? Colour::kRgb : Colour::kRgba;
  return Image::from(*std::move(tensor), colour);
}

Result<Tensor> to_array(const Tensor& tensor) {
  return tensor;
}

/// u8[n].
Result<Tensor> to_array(const Bytes& bytes) {
  return Tensor::from<std::uint8_t>({bytes.data(), bytes.size()}, {static_cast<std::int64_t>(bytes.size())});
}

Result<Tensor> to_array(const Image& image) {
  return image.pixels().contiguous();
}

/// Images of one size, as u8[n, H, W, C].
Result<Tensor> to_array(const std::vector<Image>& images) {
  const Shape& shape = images.at(0).pixels().shape();
  std::vector<std::uint8_t> values;
  for (const Image& image : images) {
    const Tensor dense = image.pixels().contiguous().value();
    const auto pixels = dense.values<std::uint8_t>().value();
    values.insert(values.end(), pixels.begin(), pixels.end());
  }
  return Tensor::from<std::uint8_t>(Span<const std::uint8_t>(values),
                                    {static_cast<std::int64_t>(images.size()), shape[0], shape[1], shape[2]});
}

/// Index and score of each class, as f64[n, 2].
Result<Tensor> to_array(const Classes& classes) {
  std::vector<double> values;
  for (const Class& entry : classes) {
    values.push_back(static_cast<double>(entry.index));
    values.push_back(static_cast<double>(entry.score));
  }
  return Tensor::from<double>(Span<const double>(values), {static_cast<std::int64_t>(classes.size()), 2});
}

/// The ops, and one in place of a detector: gives `boxes`, f32[N, 4], whatever it sees.
Registry make_registry() {
  Registry registry = Registry::builtin();
  registry.add<Tensor, Tensor>("probe.boxes", [](ParamReader& params) {
    const std::vector<float> values = params.floats("boxes");
    return stage("probe.boxes", [values](const Tensor&) {
      return Tensor::from<float>(Span<const float>(values), {static_cast<std::int64_t>(values.size() / 4), 4});
    });
  });
  return registry;
}

template <class In, class Out>
Result<Bytes> run(const nlohmann::json& test) {
  static const Registry registry = make_registry();
  static const Runtime runtime = [] {
    RuntimeOptions options;
    options.execution = Execution::kCaller;
    return Runtime::create(options).value();
  }();
  auto stages = parse_stages<In, Out>(test.at("pipeline").dump(), registry);
  if (!stages) return std::move(stages).error();
  auto pipeline = compile(*stages, runtime);
  if (!pipeline) return std::move(pipeline).error();
  auto input = load(test.at("in").get<std::string>(), static_cast<In*>(nullptr));
  if (!input) return std::move(input).error();
  auto output = pipeline->run(*std::move(input));
  if (!output) return std::move(output).error();
  auto array = to_array(*output);
  if (!array) return std::move(array).error();
  return detail::to_npy(*array);
}

/// Of one label: area, bounding box, and the characters of COCO's string, as f64[n].
Result<Bytes> run_length_encoding(const nlohmann::json& test) {
  auto labels = load(test.at("in").get<std::string>(), static_cast<Tensor*>(nullptr));
  if (!labels) return std::move(labels).error();
  auto runs = run_lengths(*labels, test.at("pipeline").at("label").get<std::int32_t>());
  if (!runs) return std::move(runs).error();
  std::vector<double> values = {static_cast<double>(runs->area())};
  for (const std::int64_t side : runs->bounding_box()) values.push_back(static_cast<double>(side));
  for (const char character : runs->to_string()) values.push_back(static_cast<double>(character));
  auto array = Tensor::from<double>(Span<const double>(values), {static_cast<std::int64_t>(values.size())});
  if (!array) return std::move(array).error();
  return detail::to_npy(*array);
}

Result<Bytes> dispatch(const nlohmann::json& test) {
  const std::string edge = test.at("takes").get<std::string>() + " -> " + test.at("gives").get<std::string>();
  if (edge == "labels -> runs") return run_length_encoding(test);
  if (edge == "bytes -> image") return run<Bytes, Image>(test);
  if (edge == "bytes -> tensor") return run<Bytes, Tensor>(test);
  if (edge == "image -> image") return run<Image, Image>(test);
  if (edge == "image -> bytes") return run<Image, Bytes>(test);
  if (edge == "image -> images") return run<Image, std::vector<Image>>(test);
  if (edge == "image -> tensor") return run<Image, Tensor>(test);
  if (edge == "tensor -> tensor") return run<Tensor, Tensor>(test);
  if (edge == "tensor -> classes") return run<Tensor, Classes>(test);
  return Error(ErrorCode::kInvalidArgument, "image_probe cannot run " + edge);
}

}  // namespace

int main(int argc, char** argv) {
  return gantry::test::probe_main(argc, argv, dispatch);
}

// SPDX-License-Identifier: Apache-2.0
// Any bytes as a payload: the first byte says of which type, the second in which form. What is read from JSON is
// written and read again.
#include <cstdlib>
#include <gantry/classify.hpp>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>
#include <gantry/registry.hpp>
#include <gantry/segmentation.hpp>
#include <iterator>
#include <tuple>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  static const Codecs codecs = Registry::builtin().codecs();
  static const PayloadType types[] = {PayloadType::of<Tensor>(),
                                      PayloadType::of<Tensors>(),
                                      PayloadType::of<Classes>(),
                                      PayloadType::of<Image>(),
                                      PayloadType::of<std::vector<Tensor>>(),
                                      PayloadType::of<std::vector<std::vector<Image>>>(),
                                      PayloadType::of<std::tuple<Classes, Tensor>>(),
                                      PayloadType::of<Masks>(),
                                      PayloadType::of<Detections>(),
                                      PayloadType::of<Quads>()};
  if (size < 2) return 0;
  const PayloadType& type = types[data[0] % std::size(types)];
  const char* media_type = data[1] % 2 == 0 ? "application/json" : "application/x-npy";
  const auto payload = codecs.from_bytes(type, Bytes::copy(data + 2, size - 2), media_type);
  if (!payload || data[1] % 2 == 1) return 0;
  const std::string json = codecs.to_json(*payload).value();
  const auto again = codecs.read_json(type, JsonView::parse(json).value());
  if (!again || codecs.to_json(*again).value() != json) std::abort();
  return 0;
}

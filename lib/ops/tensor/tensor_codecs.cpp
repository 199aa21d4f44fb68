// SPDX-License-Identifier: Apache-2.0
// The codecs of Tensor, Tensors and Bytes.
#include <algorithm>
#include <gantry/registry.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "core/tensor_difference.hpp"
#include "ops/ops.hpp"
#include "ops/tensor/tensor_json.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Result<Tensors> read_tensors(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(const auto members, json.members());
  Tensors tensors;
  for (const JsonMember& member : members) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, read_tensor(member.value));
    tensors.add(member.key, std::move(tensor));
  }
  return tensors;
}

Result<Tensor> only_tensor(Tensors tensors) {
  if (tensors.size() == 1) return std::move(tensors[0].tensor);
  return Error(ErrorCode::kInvalidArgument, "expected one tensor, got " + std::to_string(tensors.size()));
}

/// A single tensor is called "output" in JSON; when it is read, its name does not matter.
Codec<Tensor> tensor_codec() {
  Codec<Tensor> codec;
  codec.name = "tensors";
  codec.write_json = [](const Tensor& tensor, JsonWriter& json) {
    json.begin_object().key("output");
    write_tensor(tensor, json);
    json.end_object();
  };
  codec.read_json = [](const JsonView& json) -> Result<Tensor> {
    GANTRY_ASSIGN_OR_RETURN(auto tensors, read_tensors(json));
    return only_tensor(std::move(tensors));
  };
  codec.to_tensors = [](const Tensor& tensor) -> Result<Tensors> { return Tensors{{"output", tensor}}; };
  codec.from_tensors = only_tensor;
  codec.difference = [](const Tensor& expected, const Tensor& got, const Tolerance& tolerance) {
    return tensor_difference(got, expected, tolerance);
  };
  codec.line = [](const Tensor& tensor) { return tensor.to_string(); };
  return codec;
}

Codec<Tensors> tensors_codec() {
  Codec<Tensors> codec;
  codec.name = "tensors";
  codec.write_json = [](const Tensors& tensors, JsonWriter& json) {
    json.begin_object();
    for (const NamedTensor& item : tensors) {
      json.key(item.name);
      write_tensor(item.tensor, json);
    }
    json.end_object();
  };
  codec.read_json = read_tensors;
  codec.to_tensors = [](const Tensors& tensors) -> Result<Tensors> { return tensors; };
  codec.from_tensors = [](Tensors tensors) -> Result<Tensors> {
    if (tensors.size() == 1 && tensors[0].name.empty())
      return Error(ErrorCode::kInvalidArgument, "expected tensors by name, name=a.npy,name=b.npy, got one without");
    return tensors;
  };
  codec.line = [](const Tensors& tensors) {
    std::string text;
    for (const NamedTensor& item : tensors)
      text += (text.empty() ? "" : ", ") + item.name + " " + item.tensor.to_string();
    return text;
  };
  return codec;
}

/// JSON holds only the number of bytes.
Codec<Bytes> bytes_codec() {
  Codec<Bytes> codec;
  codec.name = "bytes";
  codec.write_json = [](const Bytes& bytes, JsonWriter& json) {
    json.begin_object().field("size", bytes.size()).end_object();
  };
  codec.to_tensors = [](const Bytes& bytes) -> Result<Tensors> {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, Tensor::from<std::uint8_t>({bytes.data(), bytes.size()},
                                                                    {static_cast<std::int64_t>(bytes.size())}));
    return Tensors{{"bytes", std::move(tensor)}};
  };
  codec.from_bytes = [](Bytes bytes, std::string_view) -> Result<Bytes> { return bytes; };
  codec.difference = [](const Bytes& expected, const Bytes& got, const Tolerance&) -> std::optional<std::string> {
    const auto differs = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
    if (differs.first == expected.end() && differs.second == got.end()) return std::nullopt;
    return "expected " + std::to_string(expected.size()) + " bytes, got " + std::to_string(got.size()) +
           ", which differ from byte " + std::to_string(differs.first - expected.begin()) + " on";
  };
  codec.line = [](const Bytes& bytes) { return std::to_string(bytes.size()) + " bytes"; };
  return codec;
}

}  // namespace

void add_tensor_codecs(Registry& registry) {
  registry.add_codec(bytes_codec());
  registry.add_codec(tensor_codec());
  registry.add_codec(tensors_codec());
}

}  // namespace gantry::inline GANTRY_ABI::detail

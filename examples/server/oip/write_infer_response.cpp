// SPDX-License-Identifier: Apache-2.0
#include "write_infer_response.hpp"

#include <gantry/json_writer.hpp>
#include <utility>

#include "binary_values.hpp"

namespace gantry_server {
namespace {

using gantry::Bytes;
using gantry::DType;
using gantry::Error;
using gantry::ErrorCode;
using gantry::JsonWriter;
using gantry::Result;
using gantry::Tensor;

bool is_binary(const InferTensor& output, const InferRequest& request) {
  for (const RequestedOutput& asked : request.outputs)
    if (asked.name == output.name) return asked.is_binary.value_or(request.binary_outputs);
  return request.binary_outputs;
}

template <class T>
void write_values(JsonWriter& json, const Tensor& tensor) {
  const auto values = tensor.values<T>();
  json.list(*values);
}

Result<void> write_data(JsonWriter& json, const InferTensor& output) {
  json.key("data");
  if (output.holds_strings()) {
    json.begin_list();
    for (const Bytes& text : output.strings)
      json.value(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()));
    json.end_list();
    return {};
  }
  switch (output.tensor.dtype()) {
    case DType::kF32:
      write_values<float>(json, output.tensor);
      return {};
    case DType::kF64:
      write_values<double>(json, output.tensor);
      return {};
    case DType::kU8:
      write_values<std::uint8_t>(json, output.tensor);
      return {};
    case DType::kI8:
      write_values<std::int8_t>(json, output.tensor);
      return {};
    case DType::kI16:
      write_values<std::int16_t>(json, output.tensor);
      return {};
    case DType::kI32:
      write_values<std::int32_t>(json, output.tensor);
      return {};
    case DType::kI64:
      write_values<std::int64_t>(json, output.tensor);
      return {};
    case DType::kBool:
      write_values<bool>(json, output.tensor);
      return {};
    case DType::kF16:
    case DType::kBF16:
      break;
  }
  return Error(ErrorCode::kInvalidArgument, "output '" + output.name + "' is " + output.datatype +
                                                ", which has no form in JSON; ask for binary_data");
}

}  // namespace

Result<Response> write_infer_response(const InferResponse& response, const InferRequest& request) {
  JsonWriter json;
  json.begin_object().field("model_name", response.model_name).field("model_version", response.model_version);
  if (!response.id.empty()) json.field("id", response.id);
  json.key("outputs").begin_list();
  std::vector<Bytes> pieces;
  bool has_binary = false;
  for (const InferTensor& output : response.outputs) {
    json.begin_object().field("name", output.name).field("datatype", output.datatype);
    json.key("shape").list(gantry::Span<const std::int64_t>(output.shape.data(), output.shape.rank()));
    if (is_binary(output, request)) {
      Bytes binary = write_binary(output);
      json.key("parameters").begin_object().field("binary_data_size", binary.size()).end_object();
      if (!binary.empty()) pieces.push_back(std::move(binary));
      has_binary = true;
    } else if (auto ok = write_data(json, output); !ok) {
      return ok.error();
    }
    json.end_object();
  }
  json.end_list().end_object();
  auto text = json.finish();
  if (!text) return text.error();
  Response http_response;
  http_response.may_be_compressed = true;
  if (has_binary) {
    http_response.content_type = "application/octet-stream";
    http_response.headers.emplace_back("Inference-Header-Content-Length", std::to_string(text->size()));
  }
  http_response.body.emplace_back(*std::move(text));
  for (Bytes& piece : pieces) http_response.body.push_back(std::move(piece));
  return http_response;
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "remote/infer_message.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <gantry/json.hpp>
#include <gantry/json_writer.hpp>
#include <gantry/trace_parent.hpp>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "remote/model_description.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

static_assert(std::endian::native == std::endian::little, "the protocol's binary tensors are little endian");

using FileLength = std::uint32_t;  // in front of each element of BYTES
constexpr const char* kFile = "BYTES";
constexpr std::size_t kLongestTenant = 128;  // servers refuse longer ones

Error malformed(const std::string& message) {
  return Error(ErrorCode::kModelError, message);
}

std::string escaped(const std::string& text) {
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string path;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                          c == '_' || c == '.' || c == '~';
    if (is_plain)
      path += c;
    else
      path += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return path;
}

std::string milliseconds_left(const EngineCall& call) {
  constexpr std::int64_t kLongest = 86'400'000;  // a day
  // Rounded up: the server must not give up before the caller does.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*call.deadline - call.now()).count();
  return std::to_string(std::clamp<std::int64_t>(left, 1, kLongest));
}

/// Inference-Header-Content-Length; the whole body if there is none.
Result<std::size_t> json_size_of(const HttpAnswer& answer) {
  if (answer.json_size.empty()) return answer.body.size();
  std::size_t size = 0;
  const char* end = answer.json_size.data() + answer.json_size.size();
  const auto [at, error] = std::from_chars(answer.json_size.data(), end, size);
  if (error != std::errc() || at != end)
    return malformed("Inference-Header-Content-Length: expected a size, got '" + answer.json_size.substr(0, 40) + "'");
  if (size > answer.body.size())
    return malformed("Inference-Header-Content-Length is " + std::to_string(size) + ", the body has " +
                     std::to_string(answer.body.size()) + " bytes");
  return size;
}

/// The part of an output that the JSON text holds.
struct OutputHead {
  std::string name;
  std::string datatype;
  Shape shape;
  std::size_t binary_size = 0;
};

Result<OutputHead> read_output_head(const JsonView& json) {
  JsonFields fields(json);
  OutputHead head;
  head.name = fields.string("name");
  head.datatype = fields.string("datatype");
  const JsonView shape = fields.require("shape");
  if (!fields.ok()) GANTRY_RETURN_IF_ERROR(fields.finish());
  GANTRY_ASSIGN_OR_RETURN(const auto extents, shape.integers());
  if (extents.size() > Shape::kMaxRank) return shape.error("has more than 8 dimensions");
  head.shape = Shape(Span<const std::int64_t>(extents.data(), extents.size()));
  if (head.shape.numel() < 0) return shape.error("is no shape: " + head.shape.to_string());
  const auto parameters = fields.find("parameters");
  const auto size = parameters ? parameters->find("binary_data_size") : std::nullopt;
  if (!size)
    return Error(ErrorCode::kUnsupported, "output '" + head.name +
                                              "' has its values in JSON; the server lacks the extension "
                                              "binary_tensor_data, or did not follow it");
  GANTRY_ASSIGN_OR_RETURN(const auto bytes, size->integer());
  if (bytes < 0) return size->error("is negative");
  head.binary_size = static_cast<std::size_t>(bytes);
  return head;
}

/// `left`: the bytes from here to the end of the body.
Result<Tensor> read_values(const OutputHead& head, const std::uint8_t* data, std::size_t left) {
  GANTRY_ASSIGN_OR_RETURN(const auto dtype, dtype_of(head.datatype));
  if (head.binary_size > left)
    return malformed("binary_data_size is " + std::to_string(head.binary_size) + ", the body has " +
                     std::to_string(left) + " bytes left");
  const auto count = static_cast<std::size_t>(head.shape.numel());
  // Compared by division: the product may be beyond 64 bits.
  if (head.binary_size % size_of(dtype) != 0 || head.binary_size / size_of(dtype) != count)
    return malformed("its shape " + head.shape.to_string() + " has " + std::to_string(count) + " values of " +
                     std::to_string(size_of(dtype)) + " bytes, binary_data_size is " +
                     std::to_string(head.binary_size));
  if (dtype == DType::kBool && std::any_of(data, data + count, [](std::uint8_t byte) { return byte > 1; }))
    return malformed("a BOOL is neither 0 nor 1");
  GANTRY_ASSIGN_OR_RETURN(auto tensor, Tensor::make(dtype, head.shape));
  if (head.binary_size > 0) std::memcpy(tensor.mutable_data(), data, head.binary_size);
  return tensor;
}

/// A BYTES output with one element: its length in 4 bytes, and its bytes.
Result<Tensor> read_file(const OutputHead& head, const std::uint8_t* data, std::size_t left, bool has_batch) {
  if (head.datatype != kFile || head.shape != Shape{1})
    return malformed("expected BYTES[1], got " + head.datatype.substr(0, 40) + head.shape.to_string());
  if (head.binary_size > left || head.binary_size < sizeof(FileLength))
    return malformed("binary_data_size is " + std::to_string(head.binary_size) + ", the body has " +
                     std::to_string(left) + " bytes left");
  FileLength length = 0;
  std::memcpy(&length, data, sizeof length);
  if (length != head.binary_size - sizeof length)
    return malformed("its element has " + std::to_string(length) + " bytes, binary_data_size is " +
                     std::to_string(head.binary_size));
  const auto size = static_cast<std::int64_t>(length);
  GANTRY_ASSIGN_OR_RETURN(auto tensor, Tensor::make(DType::kU8, has_batch ? Shape{1, size} : Shape{size}));
  if (length > 0) std::memcpy(tensor.mutable_data(), data + sizeof length, length);
  return tensor;
}

std::string names_of(const std::vector<NamedTensor>& tensors) {
  std::string names;
  for (const NamedTensor& tensor : tensors) names += (names.empty() ? "'" : ", '") + tensor.name + "'";
  return names.empty() ? "none" : names;
}

Result<Tensors> in_order(std::vector<NamedTensor> came, const Signature& signature) {
  Tensors ordered;
  for (const TensorSpec& spec : signature.outputs()) {
    const auto found =
        std::find_if(came.begin(), came.end(), [&](const NamedTensor& one) { return one.name == spec.name; });
    if (found == came.end() || came.size() != signature.outputs().size())
      return malformed("expected the outputs of " + signature.to_string() + ", got " + names_of(came));
    ordered.add(spec.name, found->tensor);
  }
  return ordered;
}

/// JSON errors are invalid_argument, of what a caller gives; here the server is at fault.
Error of_server(const Error& error) {
  const bool is_json = error.code() == ErrorCode::kInvalidArgument;
  return is_json ? malformed(error.message()).within("the server's answer") : error.within("the server's answer");
}

}  // namespace

std::string model_path(const std::string& model, const std::string& version) {
  return "/v2/models/" + escaped(model) + (version.empty() ? "" : "/versions/" + escaped(version));
}

std::size_t wire_size(const NamedTensor& input, const FileTensors& files) {
  return input.tensor.size_bytes() + (files.has_input(input.name) ? sizeof(FileLength) : 0);
}

Result<std::string> infer_text(const Tensors& inputs, const FileTensors& files) {
  JsonWriter json;
  json.begin_object();
  json.key("parameters").begin_object().field("binary_data_output", true).end_object();
  json.key("inputs").begin_list();
  for (const NamedTensor& input : inputs) {
    const Tensor& tensor = input.tensor;
    const bool is_file = files.has_input(input.name);
    if (is_file && tensor.size_bytes() > std::numeric_limits<FileLength>::max())
      return Error(ErrorCode::kInvalidArgument, "input '" + input.name + "' has " +
                                                    std::to_string(tensor.size_bytes()) +
                                                    " bytes; the protocol takes files below 4 GiB");
    const Shape shape = is_file ? Shape{1} : tensor.shape();
    json.begin_object().field("name", input.name);
    json.field("datatype", is_file ? kFile : datatype_of(tensor.dtype()));
    json.key("shape").list(Span<const std::int64_t>(shape.data(), shape.rank()));
    json.key("parameters").begin_object().field("binary_data_size", wire_size(input, files));
    if (is_file && !files.inputs.at(input.name).empty()) json.field("content_type", files.inputs.at(input.name));
    json.end_object().end_object();
  }
  json.end_list().end_object();
  return json.finish();
}

Result<std::string> call_headers(const EngineCall& call) {
  std::string lines;
  if (call.deadline && *call.deadline != Deadline::max())
    lines += "X-Request-Timeout-Ms: " + milliseconds_left(call) + "\r\n";
  if (call.priority != 0) lines += "X-Priority: " + std::to_string(std::clamp(call.priority, -100, 100)) + "\r\n";
  if (!call.tenant.empty()) {
    const bool is_text = std::all_of(call.tenant.begin(), call.tenant.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte >= 0x20 && byte != 0x7f;
    });
    if (!is_text || call.tenant.size() > kLongestTenant || call.tenant.front() == ' ' || call.tenant.back() == ' ')
      return Error(ErrorCode::kInvalidArgument,
                   "the tenant cannot be sent along: expected at most 128 bytes without control characters, and no "
                   "space at either end");
    lines += "X-Tenant: " + call.tenant + "\r\n";
  }
  if (const auto trace = parse_trace_parent(call.trace_parent)) lines += "traceparent: " + to_string(*trace) + "\r\n";
  return lines;
}

Result<Tensors> read_infer_answer(const HttpAnswer& answer, const Signature& signature, const FileTensors& files) {
  const auto read = [&]() -> Result<Tensors> {
    if (!answer.content_encoding.empty() && answer.content_encoding != "identity")
      return malformed("Content-Encoding '" + answer.content_encoding.substr(0, 40) + "' was not asked for");
    GANTRY_ASSIGN_OR_RETURN(std::size_t at, json_size_of(answer));
    GANTRY_ASSIGN_OR_RETURN(const auto json, JsonView::parse(answer.text().substr(0, at)));
    const auto outputs = json.find("outputs");
    if (!outputs) return json.error("outputs: is required");
    GANTRY_ASSIGN_OR_RETURN(const auto items, outputs->items());
    std::vector<NamedTensor> came;
    for (const JsonView& item : items) {
      GANTRY_ASSIGN_OR_RETURN(const auto head, read_output_head(item));
      const std::uint8_t* const data = answer.body.data() + at;
      const std::size_t left = answer.body.size() - at;
      auto tensor = files.outputs.count(head.name) > 0 ? read_file(head, data, left, signature.has_batch_axis())
                                                       : read_values(head, data, left);
      if (!tensor) return tensor.error().within("output '" + head.name + "'");
      came.push_back({head.name, *std::move(tensor)});
      at += head.binary_size;
    }
    if (at != answer.body.size())
      return malformed("behind the outputs " + std::to_string(answer.body.size() - at) + " bytes are left over");
    return in_order(std::move(came), signature);
  };
  auto outputs = read();
  if (!outputs) return of_server(outputs.error());
  return outputs;
}

}  // namespace gantry::inline GANTRY_ABI::remote

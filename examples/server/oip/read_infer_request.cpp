// SPDX-License-Identifier: Apache-2.0
#include "read_infer_request.hpp"

#include <gantry/json.hpp>
#include <utility>

#include "binary_values.hpp"
#include "json_values.hpp"

namespace gantry_server {
namespace {

using gantry::Bytes;
using gantry::Error;
using gantry::ErrorCode;
using gantry::JsonFields;
using gantry::JsonView;
using gantry::Result;

Error invalid(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

std::string input_name(const std::string& name) {
  return "input '" + name + "'";
}

/// What follows the JSON text: the binary tensors, one after the other.
class BinaryPart {
 public:
  BinaryPart(Bytes bytes, std::size_t text_size) : bytes_(std::move(bytes)), text_size_(text_size) {}

  Result<Bytes> take(std::size_t size) {
    if (size > bytes_.size() - at_)
      return invalid("binary_data_size is " + std::to_string(size) + ", the body has " +
                     std::to_string(bytes_.size() - at_) + " bytes left");
    Bytes part = Bytes::wrap(bytes_.data() + at_, size, std::make_shared<Bytes>(bytes_));
    at_ += size;
    return part;
  }
  std::size_t left() const { return bytes_.size() - at_; }
  /// The size of the JSON text before it.
  std::size_t text_size() const { return text_size_; }

 private:
  Bytes bytes_;
  std::size_t text_size_;
  std::size_t at_ = 0;
};

/// Reads the parameters that mean something here; others are the client's own.
template <class Read>
Result<void> read_parameters(JsonFields& fields, Read&& read) {
  const auto parameters = fields.find("parameters");
  if (!parameters) return {};
  auto members = parameters->members();
  if (!members) return members.error();
  for (const gantry::JsonMember& member : *members)
    if (auto ok = read(member); !ok) return ok;
  return {};
}

template <class T>
Result<void> store(Result<T> value, T& target) {
  if (!value) return value.error();
  target = *std::move(value);
  return {};
}

Result<void> read_json_data(const JsonView& data, InferTensor& input) {
  if (input.holds_strings()) return store(read_json_strings(data, input.shape), input.strings);
  const auto dtype = dtype_of(input.datatype);
  if (!dtype) return dtype.error().within(input_name(input.name));
  return store(read_json_tensor(data, *dtype, input.shape), input.tensor);
}

Result<void> take_binary(BinaryPart& binary, std::int64_t size, std::size_t count, InferTensor& input) {
  const auto bytes = binary.take(static_cast<std::size_t>(size));
  auto ok = bytes ? read_binary(*bytes, count, input) : Result<void>(bytes.error());
  return ok ? ok : ok.error().within(input_name(input.name));
}

Result<InferTensor> read_input(const JsonView& json, BinaryPart& binary) {
  JsonFields fields(json);
  InferTensor input;
  input.name = fields.string("name");
  input.datatype = fields.string("datatype");
  std::vector<std::int64_t> extents;
  if (const JsonView shape = fields.require("shape"); fields.ok())
    if (auto ok = store(shape.integers(), extents); !ok) return ok.error();
  std::optional<std::int64_t> binary_size;
  auto ok = read_parameters(fields, [&](const gantry::JsonMember& member) -> Result<void> {
    if (member.key.rfind("shared_memory", 0) == 0)
      return Error(ErrorCode::kUnsupported, "this server has no shared memory; send the tensor's data");
    if (member.key == "content_type") return store(member.value.string(), input.content_type);
    if (member.key != "binary_data_size") return {};
    std::int64_t size = 0;
    auto stored = store(member.value.integer(), size);
    if (stored && size < 0) return member.value.error("expected 0 or more, got " + std::to_string(size));
    binary_size = size;
    return stored;
  });
  if (!ok) return ok.error();
  const auto data = fields.find("data");
  if (auto finished = fields.finish(); !finished) return finished.error();
  if (data && binary_size) return json.error("has both data and binary_data_size; give one of them");
  if (!data && !binary_size) return json.error("has neither data nor binary_data_size");

  const auto count = count_of(extents);
  if (!count) return count.error().within(input_name(input.name));
  input.shape = to_shape(extents);
  // The text has at least one byte for each value: a shape beyond that must not make the server allocate.
  if (data && *count > binary.text_size())
    return data->error("the shape says " + std::to_string(*count) + " values, the text is too short for them");
  auto filled = data ? read_json_data(*data, input) : take_binary(binary, *binary_size, *count, input);
  if (!filled) return filled.error();
  return input;
}

Result<RequestedOutput> read_output(const JsonView& json) {
  JsonFields fields(json);
  RequestedOutput output;
  output.name = fields.string("name");
  auto ok = read_parameters(fields, [&](const gantry::JsonMember& member) -> Result<void> {
    if (member.key.rfind("shared_memory", 0) == 0)
      return Error(ErrorCode::kUnsupported, "this server has no shared memory; it sends the tensor's data");
    if (member.key == "classification")
      return Error(ErrorCode::kUnsupported, "classification: the package's pipeline gives the classes");
    if (member.key != "binary_data") return {};
    bool is_binary = false;
    auto stored = store(member.value.boolean(), is_binary);
    output.is_binary = is_binary;
    return stored;
  });
  if (!ok) return ok.error();
  if (auto finished = fields.finish(); !finished) return finished.error();
  return output;
}

template <class T, class Read>
Result<void> read_list(const std::optional<JsonView>& list, std::vector<T>& all, const char* what, Read&& read) {
  if (!list) return {};
  auto items = list->items();
  if (!items) return items.error();
  for (const JsonView& item : *items) {
    auto one = read(item);
    if (!one) return one.error();
    for (const T& other : all)
      if (other.name == one->name) return item.error(std::string("a second ") + what + " named '" + one->name + "'");
    all.push_back(*std::move(one));
  }
  return {};
}

}  // namespace

Result<InferRequest> read_infer_request(const Bytes& body, std::optional<std::size_t> json_size) {
  if (json_size && *json_size > body.size())
    return invalid("Inference-Header-Content-Length is " + std::to_string(*json_size) + ", the body has " +
                   std::to_string(body.size()) + " bytes");
  const std::size_t text_size = json_size.value_or(body.size());
  const auto json = JsonView::parse({reinterpret_cast<const char*>(body.data()), text_size});
  if (!json) return json.error();
  BinaryPart binary(Bytes::wrap(body.data() + text_size, body.size() - text_size, std::make_shared<Bytes>(body)),
                    text_size);
  JsonFields fields(*json);
  InferRequest request;
  request.id = fields.string("id", "");
  for (const char* name : {"model_name", "model_version"}) fields.find(name);  // KServe's client; the path has them
  auto ok = read_parameters(fields, [&](const gantry::JsonMember& member) -> Result<void> {
    if (member.key == "binary_data_output") return store(member.value.boolean(), request.binary_outputs);
    if (member.key == "priority") return store(member.value.integer(), request.priority);
    if (member.key == "timeout") return store(member.value.integer(), request.timeout_us);
    if (member.key.rfind("sequence_", 0) == 0 && member.value.describe() != "0" && member.value.describe() != "false")
      return Error(ErrorCode::kUnsupported, member.key + ": this server keeps no state between requests");
    return {};
  });
  if (!ok) return ok.error();
  const JsonView inputs = fields.require("inputs");
  if (!fields.ok()) return fields.finish().error();
  ok = read_list(std::optional<JsonView>(inputs), request.inputs, "input",
                 [&](const JsonView& item) { return read_input(item, binary); });
  if (!ok) return ok.error();
  ok = read_list(fields.find("outputs"), request.outputs, "output", read_output);
  if (!ok) return ok.error();
  if (auto finished = fields.finish(); !finished) return finished.error();
  if (request.timeout_us < 0) return invalid("parameters.timeout: expected microseconds, from 0");
  if (binary.left() > 0)
    return invalid("the body has " + std::to_string(binary.left()) + " bytes that belong to no input");
  return request;
}

Result<InferRequest> read_raw_request(const Bytes& body, const std::string& name, const std::string& datatype,
                                      const std::vector<std::int64_t>& shape) {
  InferRequest request;
  request.binary_outputs = true;
  InferTensor input;
  input.name = name;
  input.datatype = datatype;
  if (datatype == "BYTES") {
    input.shape = gantry::Shape{1};
    input.strings = {body};
    request.inputs.push_back(std::move(input));
    return request;
  }
  const auto dtype = dtype_of(datatype);
  if (!dtype) return dtype.error();
  std::vector<std::int64_t> extents = shape;
  std::size_t known = gantry::size_of(*dtype);
  std::int64_t* open = nullptr;
  for (std::int64_t& extent : extents) {
    if (extent >= 0) {
      known *= static_cast<std::size_t>(extent);
    } else if (open != nullptr) {
      return invalid("a raw body needs a model with at most one variable dimension; send the shape with the tensor");
    } else {
      open = &extent;
    }
  }
  if (open != nullptr) {
    if (known == 0 || body.size() % known != 0)
      return invalid("the body has " + std::to_string(body.size()) + " bytes, no multiple of " + std::to_string(known));
    *open = static_cast<std::int64_t>(body.size() / known);
  }
  const auto count = count_of(extents);
  if (!count) return count.error();
  input.shape = to_shape(extents);
  if (auto ok = read_binary(body, *count, input); !ok) return ok.error().within(input_name(name));
  request.inputs.push_back(std::move(input));
  return request;
}

}  // namespace gantry_server

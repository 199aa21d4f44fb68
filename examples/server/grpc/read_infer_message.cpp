// SPDX-License-Identifier: Apache-2.0
#include "read_infer_message.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "oip/binary_values.hpp"
#include "typed_contents.hpp"

namespace gantry_server {
namespace {

using gantry::Bytes;
using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;
using inference::InferParameter;
using Message = inference::ModelInferRequest;
using Parameters = google::protobuf::Map<std::string, InferParameter>;

Error invalid(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

const char* kind_of(const InferParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case InferParameter::kBoolParam:
      return "bool_param";
    case InferParameter::kInt64Param:
      return "int64_param";
    case InferParameter::kStringParam:
      return "string_param";
    case InferParameter::kDoubleParam:
      return "double_param";
    case InferParameter::kUint64Param:
      return "uint64_param";
    case InferParameter::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return "nothing";
}

Error unexpected(const std::string& key, const char* expected, const InferParameter& parameter) {
  return invalid("parameters." + key + ": expected " + expected + ", got " + kind_of(parameter));
}

Result<void> read_integer(const std::string& key, const InferParameter& parameter, std::int64_t& target) {
  if (parameter.parameter_choice_case() == InferParameter::kInt64Param) {
    target = parameter.int64_param();
  } else if (parameter.parameter_choice_case() == InferParameter::kUint64Param &&
             std::in_range<std::int64_t>(parameter.uint64_param())) {
    target = static_cast<std::int64_t>(parameter.uint64_param());
  } else {
    return unexpected(key, "int64_param", parameter);
  }
  return {};
}

/// 0, false, "", as clients send for a call that is part of no sequence.
bool is_nothing(const InferParameter& parameter) {
  return parameter.int64_param() == 0 && parameter.uint64_param() == 0 && !parameter.bool_param() &&
         parameter.string_param().empty() && parameter.double_param() == 0;
}

/// The parameters that mean something here; others are the client's own.
Result<void> read_parameters(const Parameters& parameters, InferRequest& request) {
  for (const auto& [key, parameter] : parameters) {
    Result<void> ok;
    if (key == "priority") ok = read_integer(key, parameter, request.priority);
    if (key == "timeout") ok = read_integer(key, parameter, request.timeout_us);
    if (key.rfind("sequence_", 0) == 0 && !is_nothing(parameter))
      ok = Error(ErrorCode::kUnsupported, key + ": this server keeps no state between requests");
    if (!ok) return ok;
  }
  if (request.timeout_us < 0) return invalid("parameters.timeout: expected microseconds, from 0");
  return {};
}

Result<void> read_input_parameters(const Parameters& parameters, InferTensor& input) {
  for (const auto& [key, parameter] : parameters) {
    if (key.rfind("shared_memory", 0) == 0)
      return Error(ErrorCode::kUnsupported, "this server has no shared memory; send the tensor's data");
    if (key != "content_type") continue;
    if (parameter.parameter_choice_case() != InferParameter::kStringParam)
      return unexpected(key, "string_param", parameter);
    input.content_type = parameter.string_param();
  }
  return {};
}

Result<RequestedOutput> read_output(const Message::InferRequestedOutputTensor& message) {
  for (const auto& [key, parameter] : message.parameters()) {
    if (key.rfind("shared_memory", 0) == 0)
      return Error(ErrorCode::kUnsupported, "this server has no shared memory; it sends the tensor's data");
    if (key == "classification")
      return Error(ErrorCode::kUnsupported, "classification: the package's pipeline gives the classes");
  }
  return RequestedOutput{message.name(), {}};
}

Result<InferTensor> read_input(const std::shared_ptr<const Message>& owner, int index) {
  const Message::InferInputTensor& message = owner->inputs(index);
  const std::string name = "input '" + message.name() + "'";
  InferTensor input;
  input.name = message.name();
  input.datatype = message.datatype();
  if (auto ok = read_input_parameters(message.parameters(), input); !ok) return ok.error().within(name);
  const std::vector<std::int64_t> extents(message.shape().begin(), message.shape().end());
  const auto count = count_of(extents);
  if (!count) return count.error().within(name);
  input.shape = to_shape(extents);
  if (owner->raw_input_contents().empty()) {
    const std::string path = "inputs[" + std::to_string(index) + "].contents";
    if (auto ok = read_contents(message.contents(), *count, path, owner, input); !ok) return ok.error();
    return input;
  }
  if (message.has_contents()) return invalid("it has contents, and the request has raw_input_contents").within(name);
  const std::string& raw = owner->raw_input_contents(index);
  if (auto ok = read_binary(Bytes::wrap(raw.data(), raw.size(), owner), *count, input); !ok)
    return ok.error().within(name);
  return input;
}

template <class T>
Result<void> add(Result<T> one, const char* what, std::vector<T>& all) {
  if (!one) return one.error();
  for (const T& other : all)
    if (other.name == one->name)
      return invalid(std::string(what) + "s[" + std::to_string(all.size()) + "]: a second " + what + " named '" +
                     one->name + "'");
  all.push_back(*std::move(one));
  return {};
}

}  // namespace

Result<InferRequest> read_infer_message(const std::shared_ptr<const Message>& message) {
  InferRequest request;
  request.id = message->id();
  request.binary_outputs = !message->raw_input_contents().empty();
  if (auto ok = read_parameters(message->parameters(), request); !ok) return ok.error();
  const int raw = message->raw_input_contents_size();
  if (raw > 0 && raw != message->inputs_size())
    return invalid("raw_input_contents has " + std::to_string(raw) + " tensors, the request has " +
                   std::to_string(message->inputs_size()) + " inputs");
  for (int i = 0; i < message->inputs_size(); ++i)
    if (auto ok = add(read_input(message, i), "input", request.inputs); !ok) return ok.error();
  for (const auto& output : message->outputs())
    if (auto ok = add(read_output(output), "output", request.outputs); !ok) return ok.error();
  return request;
}

}  // namespace gantry_server

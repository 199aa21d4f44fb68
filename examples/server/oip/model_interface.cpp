// SPDX-License-Identifier: Apache-2.0
#include "model_interface.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Payload;
using gantry::PayloadType;
using gantry::Port;
using gantry::Result;
using gantry::Tensor;
using gantry::Tensors;
using gantry::TensorSpec;

constexpr const char* kBatch = "batch";

Error invalid(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

bool holds_tensors(const PayloadType& type) {
  return type.is<Tensor>() || type.is<Tensors>();
}

bool begins_with_batch(const TensorSpec& spec) {
  return !spec.dims.empty() && spec.dims[0].symbol == kBatch;
}

TensorInfo info_of(const TensorSpec& spec, const std::string& payload) {
  TensorInfo info{spec.name, datatype_of(spec.dtype), {}, payload};
  for (const gantry::Dim& dim : spec.dims) info.shape.push_back(dim.is_symbolic() ? -1 : dim.extent);
  return info;
}

const InferTensor* find(const InferRequest& request, const std::string& name) {
  for (const InferTensor& input : request.inputs)
    if (input.name == name) return &input;
  return nullptr;
}

std::string names_of(const std::vector<TensorInfo>& tensors) {
  std::string names;
  for (const TensorInfo& tensor : tensors) names += (names.empty() ? "'" : ", '") + tensor.name + "'";
  return names;
}

/// The same tensor of several samples as one, with a new first axis.
Result<Tensor> stacked(const std::vector<Tensor>& samples, const std::string& name) {
  const Tensor& first = samples[0];
  if (samples.size() == 1) {
    auto contiguous = first.contiguous();
    if (!contiguous) return contiguous;
    return contiguous->reshape(first.shape().with_front(1));
  }
  auto all = Tensor::make(first.dtype(), first.shape().with_front(static_cast<std::int64_t>(samples.size())));
  if (!all) return all;
  auto* out = static_cast<std::uint8_t*>(all->mutable_data());
  for (const Tensor& sample : samples) {
    if (sample.shape() != first.shape() || sample.dtype() != first.dtype())
      return invalid("output '" + name + "' has shape " + first.shape().to_string() + " for one sample and " +
                     sample.shape().to_string() + " for another; send each in a request of its own");
    const auto contiguous = sample.contiguous();
    if (!contiguous) return contiguous;
    if (contiguous->size_bytes() > 0) std::memcpy(out, contiguous->data(), contiguous->size_bytes());
    out += contiguous->size_bytes();
  }
  return all;
}

}  // namespace

ModelInterface::ModelInterface(const gantry::AnyPipeline& pipeline, std::size_t max_samples)
    : pipeline_(pipeline), max_samples_(max_samples) {
  const auto ports = pipeline.inputs();
  bool takes_samples = true;  // whether each input has an axis of samples
  for (const Port& port : ports) {
    const std::string payload = pipeline.codecs().full_name_of(port.type);
    if (!holds_tensors(port.type)) {
      inputs_.push_back({port.name.empty() ? "input" : port.name, "BYTES", {-1}, payload});
      continue;
    }
    for (const TensorSpec& spec : port.tensors) inputs_.push_back(info_of(spec, payload));
    takes_samples = takes_samples && !port.tensors.empty() &&
                    std::all_of(port.tensors.begin(), port.tensors.end(), begins_with_batch);
  }
  has_batch_ = takes_samples;
  const Port& out = pipeline.outputs()[0];
  const std::string payload = pipeline.codecs().full_name_of(out.type);
  if (!holds_tensors(out.type)) {
    outputs_.push_back({pipeline.codecs().name_of(out.type), "BYTES", {-1}, payload});
    if (!has_batch_) outputs_[0].shape = {1};
    return;
  }
  for (const TensorSpec& spec : out.tensors) {
    TensorInfo info = info_of(spec, payload);
    if (begins_with_batch(spec) && !has_batch_) info.shape.erase(info.shape.begin());
    if (!begins_with_batch(spec) && has_batch_) info.shape.insert(info.shape.begin(), -1);
    outputs_.push_back(std::move(info));
  }
}

Result<std::size_t> ModelInterface::samples_of(const InferTensor& input) const {
  if (!input.holds_strings() && !has_batch_) return std::size_t{1};
  if (!input.holds_strings() && input.shape.rank() == 0)
    return invalid("input '" + input.name + "' has no dimension; the first one is the batch");
  const auto count = input.holds_strings() ? input.strings.size() : static_cast<std::size_t>(input.shape[0]);
  if (count > max_samples_)
    return invalid("input '" + input.name + "' has " + std::to_string(count) + " samples; requests.max_samples is " +
                   std::to_string(max_samples_));
  return count;
}

Result<std::vector<Payload>> ModelInterface::to_payloads(const Port& port, const InferTensor& input) const {
  std::vector<Payload> payloads;
  const auto count = samples_of(input);
  if (!count) return count.error();
  if (holds_tensors(port.type)) {
    if (input.holds_strings()) return invalid("input '" + input.name + "': expected a tensor, got BYTES");
    for (std::size_t i = 0; i < *count; ++i) {
      auto sample = has_batch_ ? input.tensor.select(0, static_cast<std::int64_t>(i)) : Result<Tensor>(input.tensor);
      if (!sample) return sample.error();
      payloads.push_back(Payload::from(*std::move(sample)));
    }
    return payloads;
  }
  if (!input.holds_strings())
    return invalid("input '" + input.name + "': expected BYTES, one " + port.type.name() + " for each element, got " +
                   input.datatype);
  for (const gantry::Bytes& text : input.strings) {
    auto payload = pipeline_.codecs().from_bytes(port.type, text, input.content_type);
    if (!payload) return payload.error().within("input '" + input.name + "'");
    payloads.push_back(*std::move(payload));
  }
  return payloads;
}

/// For a pipeline whose one input is Tensors, or a Tensor.
Result<std::vector<Payload>> ModelInterface::to_tensors(const Port& port, const InferRequest& request) const {
  std::vector<const InferTensor*> inputs;
  if (port.tensors.empty()) {
    for (const InferTensor& input : request.inputs) inputs.push_back(&input);
  } else {
    for (const TensorSpec& spec : port.tensors) {
      inputs.push_back(find(request, spec.name));
      if (inputs.back() == nullptr) return invalid("input '" + spec.name + "' is missing");
    }
  }
  if (port.type.is<Tensor>()) {
    if (inputs.size() != 1)
      return invalid("this pipeline takes one tensor, the request has " + std::to_string(inputs.size()));
    return to_payloads(port, *inputs[0]);
  }
  std::vector<Tensors> samples;
  for (const InferTensor* input : inputs) {
    if (input->holds_strings()) return invalid("input '" + input->name + "': expected a tensor, got BYTES");
    const auto count = samples_of(*input);
    if (!count) return count.error();
    if (input == inputs[0]) samples.resize(*count);
    if (*count != samples.size())
      return invalid("input '" + input->name + "' has a batch of " + std::to_string(*count) + ", input '" +
                     inputs[0]->name + "' of " + std::to_string(samples.size()));
    for (std::size_t i = 0; i < *count; ++i) {
      auto sample = has_batch_ ? input->tensor.select(0, static_cast<std::int64_t>(i)) : Result<Tensor>(input->tensor);
      if (!sample) return sample.error();
      samples[i].add(input->name, *std::move(sample));
    }
  }
  std::vector<Payload> payloads;
  for (Tensors& sample : samples) payloads.push_back(Payload::from(std::move(sample)));
  return payloads;
}

Result<std::vector<Payload>> ModelInterface::to_samples(const InferRequest& request) const {
  const auto ports = pipeline_.inputs();
  if (request.inputs.empty()) return invalid("inputs: the request has none");
  if (!inputs_.empty())
    for (const InferTensor& input : request.inputs)
      if (std::none_of(inputs_.begin(), inputs_.end(), [&](const TensorInfo& one) { return one.name == input.name; }))
        return invalid("unknown input '" + input.name + "'; the model has " + names_of(inputs_));
  std::vector<std::vector<Payload>> by_port;
  if (ports.size() == 1 && holds_tensors(ports[0].type)) {
    auto payloads = to_tensors(ports[0], request);
    if (!payloads) return payloads;
    by_port.push_back(*std::move(payloads));
  } else {
    for (std::size_t i = 0; i < ports.size(); ++i) {
      const std::string& name = ports[i].name.empty() ? inputs_[i].name : ports[i].name;
      const InferTensor* input = find(request, name);
      if (input == nullptr) return invalid("input '" + name + "' is missing");
      auto payloads = to_payloads(ports[i], *input);
      if (!payloads) return payloads;
      by_port.push_back(*std::move(payloads));
    }
  }
  for (const auto& payloads : by_port)
    if (payloads.size() != by_port[0].size())
      return invalid("one input has " + std::to_string(by_port[0].size()) + " samples, another one " +
                     std::to_string(payloads.size()));
  if (by_port[0].empty()) return invalid("the batch is empty");
  std::vector<Payload> samples;
  for (std::size_t i = 0; i < by_port[0].size(); ++i) {
    std::vector<Payload> of_sample;
    for (auto& payloads : by_port) of_sample.push_back(std::move(payloads[i]));
    auto sample = pipeline_.join(std::move(of_sample));
    if (!sample) return sample.error();
    samples.push_back(*std::move(sample));
  }
  return samples;
}

Result<std::vector<InferTensor>> ModelInterface::to_outputs(const std::vector<Payload>& results,
                                                            const InferRequest& request) const {
  std::vector<InferTensor> all;
  const auto count = static_cast<std::int64_t>(results.size());
  if (!holds_tensors(results[0].type())) {
    InferTensor output{outputs_[0].name, "BYTES", gantry::Shape{count}, {}, {}, {}};
    for (const Payload& result : results) {
      auto json = pipeline_.codecs().to_json(result);
      if (!json) return json.error();
      output.strings.emplace_back(*std::move(json));
    }
    all.push_back(std::move(output));
  } else {
    std::vector<std::pair<std::string, std::vector<Tensor>>> by_name;
    for (const Payload& result : results) {
      Tensors tensors;
      if (const auto* one = result.get_if<Tensor>())
        tensors.add(outputs_.size() == 1 ? outputs_[0].name : "output", *one);
      else
        tensors = *result.get_if<Tensors>();
      if (by_name.empty())
        for (const auto& named : tensors) by_name.push_back({named.name, {}});
      if (tensors.size() != by_name.size()) return invalid("the samples have different outputs; send them one by one");
      for (auto& [name, samples] : by_name) {
        const Tensor* tensor = tensors.find(name);
        if (tensor == nullptr) return invalid("output '" + name + "' is missing for one of the samples");
        samples.push_back(*tensor);
      }
    }
    for (const auto& [name, samples] : by_name) {
      auto tensor = has_batch_ ? stacked(samples, name) : samples[0].contiguous();
      if (!tensor) return tensor.error();
      InferTensor output;
      output.name = name;
      output.datatype = datatype_of(tensor->dtype());
      output.shape = tensor->shape();
      output.tensor = *std::move(tensor);
      all.push_back(std::move(output));
    }
  }
  if (request.outputs.empty()) return all;
  std::vector<InferTensor> wanted;
  for (const RequestedOutput& asked : request.outputs) {
    const auto it =
        std::find_if(all.begin(), all.end(), [&](const InferTensor& one) { return one.name == asked.name; });
    if (it == all.end()) {
      std::string names;
      for (const InferTensor& one : all) names += (names.empty() ? "'" : ", '") + one.name + "'";
      return invalid("unknown output '" + asked.name + "'; the model has " + names);
    }
    wanted.push_back(*it);
  }
  return wanted;
}

}  // namespace gantry_server

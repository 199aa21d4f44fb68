// SPDX-License-Identifier: Apache-2.0
// connect_pipeline(): a remote model over named tensors, between a stage that writes payloads and one that reads them.
#include <algorithm>
#include <gantry/named_tensors.hpp>
#include <gantry/remote.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "pipeline/convert_node.hpp"
#include "pipeline/pipeline_origin.hpp"
#include "remote/payload_form.hpp"
#include "remote/reach.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

using detail::NodePtr;
using detail::Slot;
using detail::TypeInfo;

/// An input or output of the pipeline.
struct Edge {
  std::string name;  // in the protocol
  const TypeInfo* type = nullptr;
  std::optional<PayloadForm> form;  // unset: it is a tensor, or all tensors of this side
};

bool is_tensors(const TypeInfo& type) {
  return detail::same_type(type, detail::type_of<Tensors>());
}

/// The payload type of a file. `stated`: what the caller says; nullptr if it does not.
Result<const TypeInfo*> type_of_file(const DescribedTensor& file, const Codecs& codecs, const TypeInfo* stated) {
  if (stated != nullptr) {
    const bool is_open_tuple = file.payload == "tuple" && stated->tuple != nullptr;
    if (file.payload.empty() || is_open_tuple || codecs.full_name_of(PayloadType(*stated)) == file.payload)
      return stated;
    return Error(ErrorCode::kInvalidArgument,
                 "the pipeline has '" + file.payload.substr(0, 80) + "', not " + stated->name());
  }
  if (file.payload.empty())
    return Error(ErrorCode::kFailedPrecondition,
                 "the server does not say which payload it is; connect_pipeline<In, Out>() states it");
  const auto found = codecs.find_type(file.payload);
  if (found) return found->info();
  return Error(ErrorCode::kUnsupported, found.error().message() + " (PipelineOptions::registry)");
}

/// One side of the pipeline, `tensors` by the server, `known` by the signature.
Result<std::vector<Edge>> edges_of(const std::vector<DescribedTensor>& tensors, const std::vector<TensorSpec>& known,
                                   const Codecs& codecs, const TypeInfo* stated) {
  const auto is_file = [](const DescribedTensor& tensor) { return tensor.is_file(); };
  const std::string payload = tensors.empty() ? "" : tensors[0].payload;
  std::vector<Edge> edges;
  if (std::none_of(tensors.begin(), tensors.end(), is_file)) {
    const bool is_by_name =
        payload.empty() ? known.size() > 1 || (stated && is_tensors(*stated)) : payload == "tensors";
    if (is_by_name) return std::vector<Edge>{{"", &detail::type_of<Tensors>(), {}}};
    for (const TensorSpec& spec : known) edges.push_back({spec.name, &detail::type_of<Tensor>(), {}});
    return edges;
  }
  for (const DescribedTensor& tensor : tensors) {
    Edge edge{tensor.name, &detail::type_of<Tensor>(), {}};
    if (tensor.is_file()) {
      auto type = type_of_file(tensor, codecs, tensors.size() == 1 ? stated : nullptr);
      if (!type) return type.error().within("'" + tensor.name.substr(0, 80) + "'");
      edge.type = *type;
      edge.form = PayloadForm::kJson;  // the outputs'; inputs choose
    }
    edges.push_back(std::move(edge));
  }
  return edges;
}

Result<std::vector<Edge>> inputs_of(const ModelDescription& description, const Signature& signature,
                                    const Codecs& codecs, const TypeInfo* stated) {
  GANTRY_ASSIGN_OR_RETURN(auto inputs, edges_of(description.inputs, signature.inputs(), codecs, stated));
  for (Edge& input : inputs) {
    if (!input.form) continue;
    GANTRY_ASSIGN_OR_RETURN(input.form, form_of(codecs, PayloadType(*input.type)));
  }
  return inputs;
}

Result<Edge> output_of(const ModelDescription& description, const Signature& signature, const Codecs& codecs,
                       const TypeInfo* stated) {
  GANTRY_ASSIGN_OR_RETURN(auto outputs, edges_of(description.outputs, signature.outputs(), codecs, stated));
  if (outputs.size() != 1)
    return Error(ErrorCode::kUnsupported,
                 "a pipeline has one output, of one payload or of tensors; the server has " + description.to_string());
  if (outputs[0].form) GANTRY_RETURN_IF_ERROR(check_readable(codecs, PayloadType(*outputs[0].type)));
  return std::move(outputs[0]);
}

/// One input's value as the tensor that is sent.
Result<Tensor> write_value(const Edge& input, const Codecs& codecs, detail::Value value) {
  if (!value.has_value() || !detail::same_type(value.type(), *input.type))
    return Error(ErrorCode::kInvalidArgument,
                 "expected " + input.type->name() + ", got " + (value.has_value() ? value.type().name() : "nothing"));
  if (!input.form) return std::move(value.get<Tensor>());
  return write_payload(codecs, Payload(std::move(value)), *input.form);
}

std::string text_of(const Edge& input) {
  const std::string media_type = input.form ? media_type_for(*input.form) : "a tensor";
  return "'" + input.name + "' as " + (media_type.empty() ? "it is" : media_type);
}

/// From `in`, one input's type or InputValues, to named tensors.
NodePtr write_node(const std::vector<Edge>& inputs, const TypeInfo& in, const Codecs& codecs) {
  std::string text;
  for (const Edge& input : inputs) text += (text.empty() ? "" : ", ") + text_of(input);
  const auto write = [inputs, codecs](Slot& slot) {
    std::vector<detail::Value> values;
    if (inputs.size() == 1)
      values.push_back(std::move(slot.value()));
    else
      values = std::move(slot.get<detail::InputValues>().items);
    Tensors tensors;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto tensor = write_value(inputs[i], codecs, i < values.size() ? std::move(values[i]) : detail::Value());
      if (!tensor) return slot.fail(tensor.error().within("input '" + inputs[i].name + "'"));
      tensors.add(inputs[i].name, *std::move(tensor));
    }
    slot.set(std::move(tensors));
  };
  return detail::make_convert_node("remote.write", in, detail::type_of<Tensors>(), write, text);
}

NodePtr read_node(const Edge& output, const Codecs& codecs) {
  const auto read = [type = PayloadType(*output.type), codecs](Slot& slot) {
    auto payload = read_payload(codecs, type, slot.get<Tensor>());
    if (!payload) return slot.fail(payload.error());
    slot.set_value(std::move(*payload).take());
  };
  return detail::make_convert_node("remote.read", detail::type_of<Tensor>(), *output.type, read,
                                   "'" + output.name + "'");
}

/// The names of what crosses the wire as a file.
FileTensors files_of(const std::vector<Edge>& inputs, const Edge& output) {
  FileTensors files;
  for (const Edge& input : inputs)
    if (input.form) files.inputs.emplace(input.name, media_type_for(*input.form));
  if (output.form) files.outputs.insert(output.name);
  return files;
}

Result<detail::ConnectedPipeline> connect_stages(const std::string& addresses, const std::string& name,
                                                 const TypeInfo* in, const TypeInfo* out,
                                                 const PipelineOptions& options) {
  const Codecs codecs = (options.registry ? *options.registry : Registry::builtin()).codecs();
  GANTRY_ASSIGN_OR_RETURN(const auto reached, reach(addresses, name, options));
  const ModelDescription& description = reached.description();
  GANTRY_ASSIGN_OR_RETURN(auto signature,
                          to_signature(description, reached.contact.max_batch > 0, Files::kAsBytes, options.signature));
  auto inputs = inputs_of(description, signature, codecs, in);
  if (!inputs) return inputs.error().within("input");
  auto output = output_of(description, signature, codecs, out);
  if (!output) return output.error().within("output");

  CompileOptions of_pipeline(reached.runtime);
  of_pipeline.name = options.name.empty() ? name : options.name;
  of_pipeline.version = options.version;
  BackendOptions one_by_one;  // a host's error is then that of one sample
  one_by_one.max_batch = 1;
  one_by_one.merge = Merge::kNever;
  GANTRY_ASSIGN_OR_RETURN(const auto model, make_model(reached, std::move(signature), files_of(*inputs, *output),
                                                       std::move(one_by_one), of_pipeline.name));

  const bool is_single = inputs->size() == 1;
  const TypeInfo& takes = is_single ? *inputs->front().type : detail::type_of<detail::InputValues>();
  const bool is_direct = is_single && !inputs->front().form;  // to the model
  const TypeInfo& to_model = is_direct ? takes : detail::type_of<Tensors>();
  const TypeInfo& of_model = output->form ? detail::type_of<Tensor>() : *output->type;
  NodePtr root = detail::make_model_node(model, to_model, of_model);
  if (!is_direct) root = detail::chain_nodes(write_node(*inputs, takes, codecs), root);
  if (output->form) root = detail::chain_nodes(root, read_node(*output, codecs));
  GANTRY_ASSIGN_OR_RETURN(auto core, detail::PipelineCore::compile(root, of_pipeline));
  auto origin = std::make_shared<detail::PipelineOrigin>();
  origin->codecs = codecs;
  for (const Edge& input : *inputs) origin->inputs.push_back({is_single ? std::string() : input.name, input.type});
  if (in != nullptr) {
    GANTRY_ASSIGN_OR_RETURN(core, detail::as_typed(std::move(core), *in, *out, origin.get()));
  }
  return detail::ConnectedPipeline{std::move(core), std::move(origin)};
}

}  // namespace

Result<AnyPipeline> connect_pipeline(const std::string& addresses, const std::string& pipeline,
                                     const PipelineOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(auto connected, detail::connect_pipeline(addresses, pipeline, nullptr, nullptr, options));
  return AnyPipeline(std::move(connected.core), std::move(connected.origin));
}

}  // namespace gantry::inline GANTRY_ABI::remote

namespace gantry::inline GANTRY_ABI::detail {

Result<ConnectedPipeline> connect_pipeline(const std::string& addresses, const std::string& pipeline,
                                           const TypeInfo* in, const TypeInfo* out,
                                           const remote::PipelineOptions& options) try {
  auto connected = remote::connect_stages(addresses, pipeline, in, out, options);
  if (!connected) return connected.error().within("remote pipeline '" + pipeline + "'");
  return connected;
} catch (...) {
  return translate_exception();
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
#include "read_form.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "nearest_name.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Payload;
using gantry::PayloadType;
using gantry::Result;
using gantry::Tensor;
using gantry::Tensors;

Error invalid(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

/// A name that parts have, and what came under it.
struct Field {
  std::string name;
  PayloadType type;
  std::vector<Payload> values;
};

/// A model's tensors are one input of the pipeline, but files of their own in a form.
bool has_tensors_apart(const ServedModel& model) {
  const auto ports = model.pipeline.inputs();
  return ports.size() == 1 && ports[0].type.is<Tensors>() && !ports[0].tensors.empty();
}

std::vector<Field> fields_of(const ServedModel& model) {
  std::vector<Field> fields;
  const auto ports = model.pipeline.inputs();
  const std::vector<TensorInfo>& inputs = model.interface.inputs();
  if (has_tensors_apart(model)) {
    for (const TensorInfo& input : inputs) fields.push_back({input.name, PayloadType::of<Tensor>(), {}});
  } else if (ports.size() == 1) {
    fields.push_back({inputs.size() == 1 ? inputs[0].name : "input", ports[0].type, {}});
  } else {
    for (const gantry::Port& port : ports) fields.push_back({port.name, port.type, {}});
  }
  return fields;
}

Error unknown(const std::string& name, const std::vector<Field>& fields) {
  std::vector<std::string> names;
  std::string list;
  for (const Field& field : fields) {
    names.push_back(field.name);
    list += (list.empty() ? "'" : ", '") + field.name + "'";
  }
  const std::string nearest = nearest_name(name, names);
  return invalid("unknown name '" + name + "'; the inputs are " + list +
                 (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

std::string files(std::size_t count) {
  return count == 1 ? "1 file" : std::to_string(count) + " files";
}

Result<void> check_counts(const std::vector<Field>& fields, std::size_t max_samples) {
  for (const Field& field : fields) {
    if (field.values.empty()) return invalid("input '" + field.name + "' is missing: no part has this name");
    if (field.values.size() != fields[0].values.size())
      return invalid("input '" + fields[0].name + "' has " + files(fields[0].values.size()) + ", input '" + field.name +
                     "' has " + std::to_string(field.values.size()) + "; each sample has one of each");
  }
  if (fields[0].values.size() > max_samples)
    return invalid("the form has " + std::to_string(fields[0].values.size()) + " samples; requests.max_samples is " +
                   std::to_string(max_samples));
  return {};
}

}  // namespace

MultipartLimits form_limits(const ServedModel& model) {
  MultipartLimits limits;
  limits.max_parts = model.interface.max_samples() * fields_of(model).size();
  return limits;
}

Result<std::vector<Payload>> read_form(const ServedModel& model, const std::vector<FormPart>& parts) {
  std::vector<Field> fields = fields_of(model);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const FormPart& part = parts[i];
    const auto in_part = [&](const Error& error) {
      return error.within("part " + std::to_string(i) + ", '" + part.name + "'");
    };
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& one) { return one.name == part.name; });
    if (field == fields.end()) return unknown(part.name, fields).within("part " + std::to_string(i));
    if (part.content.empty()) return in_part(invalid("the file is empty"));
    auto payload = model.pipeline.codecs().from_bytes(field->type, part.content, part.media_type);
    if (!payload) return in_part(payload.error());
    field->values.push_back(*std::move(payload));
  }
  if (auto ok = check_counts(fields, model.interface.max_samples()); !ok) return ok.error();
  std::vector<Payload> samples;
  for (std::size_t i = 0; i < fields[0].values.size(); ++i) {
    if (has_tensors_apart(model)) {
      Tensors tensors;
      for (const Field& field : fields) tensors.add(field.name, *field.values[i].get_if<Tensor>());
      samples.push_back(Payload::from(std::move(tensors)));
      continue;
    }
    std::vector<Payload> inputs;
    for (Field& field : fields) inputs.push_back(std::move(field.values[i]));
    auto sample = model.pipeline.join(std::move(inputs));
    if (!sample) return sample.error();
    samples.push_back(*std::move(sample));
  }
  return samples;
}

}  // namespace gantry_server

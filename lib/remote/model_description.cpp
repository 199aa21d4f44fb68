// SPDX-License-Identifier: Apache-2.0
#include "remote/model_description.hpp"

#include <algorithm>
#include <array>
#include <gantry/shape.hpp>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

constexpr std::array<std::pair<DType, const char*>, 10> kDatatypes{{{DType::kBool, "BOOL"},
                                                                    {DType::kU8, "UINT8"},
                                                                    {DType::kI8, "INT8"},
                                                                    {DType::kI16, "INT16"},
                                                                    {DType::kI32, "INT32"},
                                                                    {DType::kI64, "INT64"},
                                                                    {DType::kF16, "FP16"},
                                                                    {DType::kBF16, "BF16"},
                                                                    {DType::kF32, "FP32"},
                                                                    {DType::kF64, "FP64"}}};
constexpr const char* kBatch = "batch";

Error of_metadata(const Error& error) {
  return Error(ErrorCode::kModelError, error.message()).within("the model's metadata");
}

std::string text_of(const std::vector<DescribedTensor>& tensors) {
  std::string text;
  for (const DescribedTensor& tensor : tensors) {
    text += (text.empty() ? "" : "; ") + tensor.name + ": " + tensor.datatype + "[";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
    text += "]";
    if (tensor.is_file() && !tensor.payload.empty()) text += " with " + tensor.payload;
  }
  return text.empty() ? "unknown" : text;
}

Result<std::vector<DescribedTensor>> read_tensors(JsonFields& fields, const char* key) {
  std::vector<DescribedTensor> tensors;
  const auto list = fields.find(key);
  if (!list) return tensors;
  GANTRY_ASSIGN_OR_RETURN(const auto items, list->items());
  for (const JsonView& item : items) {
    JsonFields of_item(item);
    DescribedTensor tensor;
    tensor.name = of_item.string("name");
    tensor.datatype = of_item.string("datatype");
    const JsonView shape = of_item.require("shape");
    if (!of_item.ok()) GANTRY_RETURN_IF_ERROR(of_item.finish());  // members that are ours alone may be unknown
    GANTRY_ASSIGN_OR_RETURN(tensor.shape, shape.integers());
    if (tensor.shape.size() > Shape::kMaxRank) return shape.error("has more than 8 dimensions");
    for (const std::int64_t extent : tensor.shape)
      if (extent < -1) return shape.error("has the extent " + std::to_string(extent));
    if (const auto parameters = of_item.find("parameters"))
      if (const auto payload = parameters->find("payload"); payload && payload->kind() == JsonKind::kString)
        tensor.payload = *payload->string();
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

/// One file for each sample.
TensorSpec file_spec_of(const DescribedTensor& tensor, bool takes_batches) {
  TensorSpec spec{tensor.name, DType::kU8, {}};
  Dim batch, size;
  batch.symbol = kBatch;
  size.symbol = tensor.name + "_size";
  if (takes_batches) spec.dims.push_back(batch);
  spec.dims.push_back(size);
  return spec;
}

Result<TensorSpec> spec_of(const DescribedTensor& tensor, bool takes_batches, Files files, const char* side) {
  if (tensor.is_file() && files == Files::kAsBytes) return file_spec_of(tensor, takes_batches);
  const std::string scope = std::string(side) + " '" + tensor.name + "'";
  const auto dtype = dtype_of(tensor.datatype);
  if (!dtype) return dtype.error().within(scope);
  TensorSpec spec{tensor.name, *dtype, {}};
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    Dim dim;
    if (tensor.shape[i] >= 0)
      dim.extent = tensor.shape[i];
    else
      dim.symbol = i == 0 && takes_batches ? kBatch : tensor.name + "_" + std::to_string(i);
    spec.dims.push_back(std::move(dim));
  }
  return spec;
}

bool is_open_in_front(const DescribedTensor& tensor) {
  return !tensor.shape.empty() && tensor.shape[0] == -1;
}

/// Whether each extent that the one fixes is the other's, too. A dimension that only the server leaves open may be
/// fixed here.
bool fits(const DescribedTensor& described, const TensorSpec& spec) {
  if (described.name != spec.name || described.datatype != datatype_of(spec.dtype) ||
      described.shape.size() != spec.dims.size())
    return false;
  for (std::size_t i = 0; i < spec.dims.size(); ++i) {
    const std::int64_t extent = described.shape[i];
    if (extent != -1 && (spec.dims[i].is_symbolic() || spec.dims[i].extent != extent)) return false;
  }
  return true;
}

bool fit(const std::vector<DescribedTensor>& described, const std::vector<TensorSpec>& specs) {
  if (described.size() != specs.size()) return false;
  return std::all_of(specs.begin(), specs.end(), [&](const TensorSpec& spec) {
    return std::any_of(described.begin(), described.end(),
                       [&](const DescribedTensor& tensor) { return fits(tensor, spec); });
  });
}

}  // namespace

const char* datatype_of(DType dtype) noexcept {
  for (const auto& [known, name] : kDatatypes)
    if (known == dtype) return name;
  return "BYTES";
}

Result<DType> dtype_of(std::string_view datatype) {
  for (const auto& [dtype, name] : kDatatypes)
    if (datatype == name) return dtype;
  const std::string quoted = "datatype '" + std::string(datatype.substr(0, 40)) + "'";
  if (datatype == "BYTES")
    return Error(ErrorCode::kUnsupported,
                 quoted + " is no tensor; connect_pipeline() takes what connect_model() does not");
  return Error(ErrorCode::kUnsupported, quoted + " has no counterpart among gantry's dtypes");
}

std::string ModelDescription::to_string() const {
  return text_of(inputs) + " -> " + text_of(outputs);
}

Result<ModelDescription> parse_description(std::string_view json) {
  const auto view = JsonView::parse(json);
  if (!view) return of_metadata(view.error());
  JsonFields fields(*view);
  const auto read = [&]() -> Result<ModelDescription> {
    ModelDescription description;
    fields.string("name");
    description.platform = fields.string("platform", "");
    GANTRY_ASSIGN_OR_RETURN(description.inputs, read_tensors(fields, "inputs"));
    GANTRY_ASSIGN_OR_RETURN(description.outputs, read_tensors(fields, "outputs"));
    if (!fields.ok()) GANTRY_RETURN_IF_ERROR(fields.finish());
    return description;
  };
  auto description = read();
  if (!description) return of_metadata(description.error());
  return description;
}

std::int64_t parse_max_batch(std::string_view json) {
  const auto view = JsonView::parse(json);
  if (!view) return 0;
  const auto size = view->find("max_batch_size");
  const auto number = size ? size->integer() : Result<std::int64_t>(0);
  return number && *number > 0 ? *number : 0;
}

Result<Signature> to_signature(const ModelDescription& description, bool takes_batches, Files files,
                               const std::optional<Signature>& given) {
  if (!given && (description.inputs.empty() || description.outputs.empty()))
    return Error(ErrorCode::kFailedPrecondition,
                 "the server does not know the model's tensors (" + description.to_string() + "); give " +
                     (files == Files::kAsBytes ? "Pipeline" : "") + "Options::signature");
  const bool is_batch =
      takes_batches && std::all_of(description.inputs.begin(), description.inputs.end(), is_open_in_front);
  std::vector<TensorSpec> inputs, outputs;
  for (const DescribedTensor& tensor : description.inputs) {
    GANTRY_ASSIGN_OR_RETURN(auto spec, spec_of(tensor, is_batch, files, "input"));
    inputs.push_back(std::move(spec));
  }
  for (const DescribedTensor& tensor : description.outputs) {
    GANTRY_ASSIGN_OR_RETURN(auto spec, spec_of(tensor, is_batch, files, "output"));
    outputs.push_back(std::move(spec));
  }
  if (inputs.empty()) inputs = given->inputs();
  if (outputs.empty()) outputs = given->outputs();
  return Signature::make(std::move(inputs), std::move(outputs));
}

Result<void> check_description(const ModelDescription& description, const Signature& signature) {
  const bool fits_inputs = description.inputs.empty() || fit(description.inputs, signature.inputs());
  const bool fits_outputs = description.outputs.empty() || fit(description.outputs, signature.outputs());
  if (fits_inputs && fits_outputs) return {};
  return Error(ErrorCode::kFailedPrecondition, "the server's model is " + description.to_string() +
                                                   ", Options::signature says " + signature.to_string());
}

}  // namespace gantry::inline GANTRY_ABI::remote

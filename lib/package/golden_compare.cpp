// SPDX-License-Identifier: Apache-2.0
#include "package/golden_compare.hpp"

#include <utility>
#include <vector>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Difference = std::optional<std::string>;
using Form = GoldenValue::Form;

Error does_not_fit(const GoldenValue& recorded, const TypeInfo& type) {
  return Error(ErrorCode::kInvalidArgument,
               "the golden record has " + recorded.description() + ", but the pipeline has " + type.name());
}

std::string at(std::size_t index) {
  return "[" + std::to_string(index) + "]";
}

}  // namespace

Result<Value> GoldenCodecs::load(const GoldenValue& recorded, const TypeInfo& type) const {
  switch (recorded.form) {
    case Form::kFile: {
      GANTRY_ASSIGN_OR_RETURN(auto content, files_.read(recorded.file));
      auto value = codecs_.from_bytes(type, std::move(content), media_type_of(recorded.file));
      if (!value) return value.error().within("file '" + recorded.file + "'");
      return value;
    }
    case Form::kTensor: {
      GANTRY_ASSIGN_OR_RETURN(auto tensor, load_npy(recorded.tensor.file, files_));
      auto value = codecs_.from_tensors(type, Tensors{{"", std::move(tensor)}});
      if (!value) return value.error().within("file '" + recorded.tensor.file + "'");
      return value;
    }
    case Form::kTensors: {
      GANTRY_ASSIGN_OR_RETURN(auto tensors, load_tensors(recorded));
      return codecs_.from_tensors(type, std::move(tensors));
    }
    case Form::kJson:
      return codecs_.read_json(type, recorded.json);
    case Form::kList:
    case Form::kTuple:
      break;
  }
  return load_items(recorded, type);
}

Result<Value> GoldenCodecs::load_items(const GoldenValue& recorded, const TypeInfo& type) const {
  const bool is_list = recorded.form == Form::kList && type.list;
  const bool is_tuple = recorded.form == Form::kTuple && type.tuple && type.tuple->arity == recorded.items.size();
  if (!is_list && !is_tuple) return does_not_fit(recorded, type);
  std::vector<Value> items;
  for (std::size_t i = 0; i < recorded.items.size(); ++i) {
    auto item = load(recorded.items[i], is_tuple ? type.tuple->element(i) : type.list->element());
    if (!item) return item.error().within(at(i));
    items.push_back(*std::move(item));
  }
  return is_tuple ? type.tuple->collect(items.data()) : type.list->collect(items.data(), items.size());
}

Result<Tensors> GoldenCodecs::load_tensors(const GoldenValue& recorded) const {
  Tensors tensors;
  for (const auto& [name, whole] : recorded.tensors) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, load_npy(whole.file, files_));
    tensors.add(name, std::move(tensor));
  }
  return tensors;
}

Result<Difference> GoldenCodecs::difference(const PayloadRef& got, const GoldenValue& recorded,
                                            const Tolerance& tolerance) const {
  if (recorded.form == Form::kTensors) return difference_of_tensors(got, recorded, tolerance);
  if (recorded.form == Form::kTensor) return difference_of_array(got, recorded, tolerance);
  if (recorded.form == Form::kFile || recorded.form == Form::kJson) {
    GANTRY_ASSIGN_OR_RETURN(auto expected, load(recorded, *got.type));
    return codecs_.difference(PayloadRef(expected), got, tolerance);
  }
  const auto structure = recorded.form == Form::kList ? Structure::kList : Structure::kTuple;
  if (structure_of(*got.type) != structure) return does_not_fit(recorded, *got.type);
  const auto items = items_of(got);
  if (items.size() != recorded.items.size()) return Difference(count_difference(recorded.items.size(), items.size()));
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto differs = difference(items[i], recorded.items[i], tolerance);
    if (!differs) return differs.error().within(at(i));
    if (*differs) return Difference(at(i) + ": " + **differs);
  }
  return Difference();
}

/// If the codec can make a payload from a whole array, payloads are compared.
Result<Difference> GoldenCodecs::difference_of_array(const PayloadRef& got, const GoldenValue& recorded,
                                                     const Tolerance& tolerance) const {
  const auto codec = codecs_.find(*got.type);
  if (recorded.tensor.form == GoldenTensor::Form::kWhole && codec && (*codec)->from_tensors) {
    GANTRY_ASSIGN_OR_RETURN(auto expected, load(recorded, *got.type));
    return codecs_.difference(PayloadRef(expected), got, tolerance);
  }
  GANTRY_ASSIGN_OR_RETURN(const auto tensor, codecs_.to_tensor(got));
  return compare_with_golden(tensor, recorded.tensor, tolerance, files_);
}

Result<Difference> GoldenCodecs::difference_of_tensors(const PayloadRef& got, const GoldenValue& recorded,
                                                       const Tolerance& tolerance) const {
  GANTRY_ASSIGN_OR_RETURN(const auto tensors, codecs_.to_tensors(got));
  if (tensors.size() != recorded.tensors.size())
    return Difference("expected " + std::to_string(recorded.tensors.size()) + " tensors, got " +
                      std::to_string(tensors.size()));
  for (const auto& [name, expected] : recorded.tensors) {
    const Tensor* tensor = tensors.find(name);
    if (tensor == nullptr) return Difference("tensor '" + name + "' is missing");
    GANTRY_ASSIGN_OR_RETURN(auto differs, compare_with_golden(*tensor, expected, tolerance, files_));
    if (differs) return Difference("tensor '" + name + "': " + *differs);
  }
  return Difference();
}

Result<Difference> GoldenCodecs::difference_of_list(Span<const PayloadRef> got, const GoldenValue& recorded,
                                                    const Tolerance& tolerance) const {
  if (recorded.form != Form::kList)
    return Error(ErrorCode::kInvalidArgument,
                 "expected a recorded list inside a compound op, got " + recorded.description());
  if (got.size() != recorded.items.size()) return Difference(count_difference(recorded.items.size(), got.size()));
  for (std::size_t i = 0; i < got.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto differs, difference(got[i], recorded.items[i], tolerance));
    if (differs) return Difference(at(i) + ": " + *differs);
  }
  return Difference();
}

}  // namespace gantry::inline GANTRY_ABI::detail

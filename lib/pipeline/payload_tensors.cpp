// SPDX-License-Identifier: Apache-2.0
// Payloads as tensors: those of a list are stacked along a new first axis, those of a tuple are named by index.
#include <utility>

#include "core/return_if_error.hpp"
#include "core/tensor_difference.hpp"
#include "model/batch.hpp"
#include "pipeline/payload_codecs.hpp"
#include "pipeline/payload_guard.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Difference = std::optional<std::string>;

// Limits the number of empty items: a file of a few bytes could declare any number of them. Items with elements are
// limited by their memory.
constexpr std::int64_t kMostEmptyItems = 65536;

std::string list_names(const Tensors& tensors) {
  std::string text;
  for (const NamedTensor& item : tensors) text += (text.empty() ? "'" : ", '") + item.name + "'";
  return text;
}

/// The first name that occurs twice; nullptr if there is none.
const std::string* repeated_name(const Tensors& tensors) {
  for (const NamedTensor& item : tensors)
    if (tensors.find(item.name) != &item.tensor) return &item.name;
  return nullptr;
}

/// Stacks the tensors called `name` of all items into one.
Result<Tensor> stack_one(const std::vector<Tensors>& items, const std::string& name) {
  std::vector<Tensor> samples;
  for (const Tensors& tensors : items) {
    const Tensor* tensor = tensors.find(name);
    if (tensor == nullptr || tensors.size() != items[0].size())
      return Error(ErrorCode::kUnsupported, "a list whose items have different tensors, " + list_names(items[0]) +
                                                " and " + list_names(tensors) + ", cannot be stacked");
    if (tensor->shape() != items[0].find(name)->shape() || tensor->dtype() != items[0].find(name)->dtype())
      return Error(ErrorCode::kUnsupported, "a list of tensors of different shapes, " +
                                                items[0].find(name)->to_string() + " and " + tensor->to_string() +
                                                ", cannot be stacked");
    samples.push_back(*tensor);
  }
  return stack(samples);
}

/// The tensors of the tuple item at `index`: those called "0", or "0.name", with the prefix "0." removed.
Tensors take_named(const Tensors& tensors, std::size_t index) {
  const std::string alone = std::to_string(index);
  Tensors taken;
  for (const NamedTensor& item : tensors) {
    if (item.name == alone)
      taken.add("", item.tensor);
    else if (item.name.rfind(alone + ".", 0) == 0)
      taken.add(item.name.substr(alone.size() + 1), item.tensor);
  }
  return taken;
}

}  // namespace

Result<Tensors> PayloadCodecs::to_tensors(const PayloadRef& payload) const {
  switch (structure_of(*payload.type)) {
    case Structure::kList:
      return stack_items(payload);
    case Structure::kTuple:
      return name_items(payload);
    case Structure::kLeaf:
      break;
  }
  GANTRY_ASSIGN_OR_RETURN(const auto codec, find(*payload.type));
  if (!codec->to_tensors) return lacks(*codec, "written as tensors", "to_tensors");
  auto tensors = guarded(*codec, [&] { return codec->to_tensors(payload.data); });
  if (tensors)
    if (const std::string* twice = repeated_name(*tensors))
      return Error(ErrorCode::kInternal,
                   "to_tensors gave more than one tensor '" + *twice + "', their names must differ")
          .within(title_of(*codec));
  return tensors;
}

Result<Tensor> PayloadCodecs::to_tensor(const PayloadRef& payload) const {
  GANTRY_ASSIGN_OR_RETURN(auto tensors, to_tensors(payload));
  if (tensors.size() == 1) return tensors[0].tensor;
  return Error(ErrorCode::kUnsupported, payload.type->name() + " is " + std::to_string(tensors.size()) +
                                            " tensors here, " + list_names(tensors) + ", and not one");
}

Result<Tensors> PayloadCodecs::stack_items(const PayloadRef& list) const {
  std::vector<Tensors> items;
  for (const PayloadRef& item : items_of(list)) {
    GANTRY_ASSIGN_OR_RETURN(auto tensors, to_tensors(item));
    items.push_back(std::move(tensors));
  }
  if (items.empty()) return Error(ErrorCode::kUnsupported, "an empty list has no tensors to stack");
  Tensors stacked;
  for (const NamedTensor& first : items[0]) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, stack_one(items, first.name));
    stacked.add(first.name, std::move(tensor));
  }
  return stacked;
}

Result<Tensors> PayloadCodecs::name_items(const PayloadRef& tuple) const {
  Tensors named;
  const auto items = items_of(tuple);
  for (std::size_t i = 0; i < items.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto tensors, to_tensors(items[i]));
    const std::string place = std::to_string(i);
    for (const NamedTensor& item : tensors)
      named.add(tensors.size() == 1 ? place : place + "." + item.name, item.tensor);
  }
  return named;
}

Result<Value> PayloadCodecs::from_tensors(const TypeInfo& type, Tensors tensors) const {
  if (type.list) return unstack_items(type, tensors);
  if (type.tuple) return take_named_items(type, tensors);
  GANTRY_ASSIGN_OR_RETURN(const auto codec, find(type));
  if (!codec->from_tensors) return lacks(*codec, "made from tensors", "from_tensors");
  return guarded(*codec, [&] { return codec->from_tensors(std::move(tensors)); });
}

Result<Value> PayloadCodecs::unstack_items(const TypeInfo& type, const Tensors& tensors) const {
  const auto mismatch = [&](const std::string& message) {
    return Error(ErrorCode::kInvalidArgument, type.name() + " is made from tensors of equal first extents, " + message);
  };
  if (tensors.empty()) return mismatch("got none");
  for (const NamedTensor& item : tensors)
    if (item.tensor.rank() == 0 || item.tensor.shape()[0] != tensors[0].tensor.shape()[0])
      return mismatch("got " + tensors[0].tensor.to_string() + " and " + item.tensor.to_string());
  const std::int64_t count = tensors[0].tensor.shape()[0];
  if (count > kMostEmptyItems && tensors[0].tensor.numel() == 0)
    return Error(ErrorCode::kResourceExhausted, "a list of " + std::to_string(count) + " empty tensors is too long")
        .with_reason(ErrorReason::kInputTooLarge);
  std::vector<Value> items;
  for (std::int64_t i = 0; i < count; ++i) {
    Tensors sample;
    for (const NamedTensor& item : tensors) {
      GANTRY_ASSIGN_OR_RETURN(auto part, item.tensor.select(0, i));
      sample.add(item.name, std::move(part));
    }
    auto made = from_tensors(type.list->element(), std::move(sample));
    if (!made) return made.error().within("[" + std::to_string(i) + "]");
    items.push_back(*std::move(made));
  }
  return type.list->collect(items.data(), items.size());
}

Result<Value> PayloadCodecs::take_named_items(const TypeInfo& type, const Tensors& tensors) const {
  std::vector<Value> items;
  std::size_t used = 0;
  for (std::size_t i = 0; i < type.tuple->arity; ++i) {
    Tensors taken = take_named(tensors, i);
    used += taken.size();
    if (taken.empty())
      return Error(ErrorCode::kInvalidArgument, type.name() +
                                                    " is made from tensors called '0', '1', ..., there is no '" +
                                                    std::to_string(i) + "' among " + list_names(tensors));
    auto made = from_tensors(type.tuple->element(i), std::move(taken));
    if (!made) return made.error().within("[" + std::to_string(i) + "]");
    items.push_back(*std::move(made));
  }
  if (used != tensors.size())
    return Error(ErrorCode::kInvalidArgument, type.name() + " has " + std::to_string(type.tuple->arity) +
                                                  " items, the tensors are " + list_names(tensors));
  return type.tuple->collect(items.data());
}

Result<Difference> PayloadCodecs::tensors_difference(const PayloadRef& expected, const PayloadRef& got,
                                                     const Tolerance& tolerance) const {
  GANTRY_ASSIGN_OR_RETURN(const auto codec, find(*expected.type));
  if (!codec->to_tensors) return lacks(*codec, "compared", "difference and no to_tensors");
  GANTRY_ASSIGN_OR_RETURN(const auto wanted, to_tensors(expected));
  GANTRY_ASSIGN_OR_RETURN(const auto found, to_tensors(got));
  return difference_of(wanted, found, tolerance);
}

Difference difference_of(const Tensors& expected, const Tensors& got, const Tolerance& tolerance) {
  if (got.size() != expected.size())
    return "expected " + std::to_string(expected.size()) + " tensors, got " + std::to_string(got.size());
  for (const NamedTensor& item : expected) {
    const Tensor* tensor = got.find(item.name);
    if (tensor == nullptr) return "tensor '" + item.name + "' is missing";
    if (auto differs = tensor_difference(*tensor, item.tensor, tolerance))
      return expected.size() == 1 ? *differs : "tensor '" + item.name + "': " + *differs;
  }
  return std::nullopt;
}

}  // namespace gantry::inline GANTRY_ABI::detail

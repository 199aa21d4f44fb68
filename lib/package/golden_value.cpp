// SPDX-License-Identifier: Apache-2.0
// Loading and comparing recorded values, by the type of the payload.
#include "package/golden_value.hpp"

#include <algorithm>
#include <gantry/classify.hpp>
#include <gantry/image.hpp>
#include <utility>
#include <vector>

#include "core/tensor_difference.hpp"

namespace gantry::detail {
namespace {

using Kind = GoldenValue::Kind;
using Difference = std::optional<std::string>;

template <class T>
bool holds(const TypeInfo& type) {
  return same_type(type, type_of<T>());
}

const char* kind_name(Kind kind) {
  static constexpr const char* kNames[] = {"a file", "an array", "tensors", "classes", "a list", "a tuple"};
  return kNames[static_cast<std::size_t>(kind)];
}

Error does_not_fit(const GoldenValue& recorded, const TypeInfo& type) {
  return Error(ErrorCode::kInvalidArgument,
               std::string(kind_name(recorded.kind)) + " is recorded, where the pipeline has " + type.name());
}

/// u8[H, W] or u8[H, W, C].
Result<Image> load_image(const std::string& name, const PackageFiles& files) {
  auto pixels = load_npy(name, files);
  if (!pixels) return std::move(pixels).error();
  if (pixels->rank() == 2) {
    pixels = pixels->reshape({pixels->shape()[0], pixels->shape()[1], 1});
    if (!pixels) return std::move(pixels).error();
  }
  for (const Colour colour : {Colour::kGray, Colour::kRgb, Colour::kRgba})
    if (pixels->rank() == 3 && pixels->shape()[2] == static_cast<std::int64_t>(channels_of(colour)))
      return Image::from(*std::move(pixels), colour);
  return Error(ErrorCode::kInvalidArgument, "file '" + name + "': " + pixels->to_string() + " is no image");
}

Result<Tensors> load_tensors(const GoldenValue& recorded, const PackageFiles& files) {
  Tensors tensors;
  for (const auto& [name, whole] : recorded.tensors) {
    auto tensor = load_npy(whole.file, files);
    if (!tensor) return std::move(tensor).error();
    tensors.add(name, *std::move(tensor));
  }
  return tensors;
}

template <class T>
Result<Value> box(Result<T> loaded) {
  if (!loaded) return std::move(loaded).error();
  return Value(*std::move(loaded));
}

Result<std::vector<Value>> load_items(const GoldenValue& recorded, const PackageFiles& files, const TypeInfo& list,
                                      const TupleOps* tuple) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < recorded.items.size(); ++i) {
    auto item = load_golden_value(recorded.items[i], tuple ? tuple->element(i) : list.list->element(), files);
    if (!item) return item.error().within("[" + std::to_string(i) + "]");
    values.push_back(*std::move(item));
  }
  return values;
}

std::string class_text(const Class& entry) {
  return std::to_string(entry.index) + (entry.label.empty() ? "" : " '" + entry.label + "'");
}

/// The recorded class at `rank`, or one of equal score within the tolerance that took its place.
const Class* counterpart(const Class& got, std::size_t rank, const std::vector<Class>& expected,
                         const Tolerance& tolerance) {
  if (expected[rank].index == got.index) return &expected[rank];
  const auto other =
      std::find_if(expected.begin(), expected.end(), [&](const Class& c) { return c.index == got.index; });
  if (other == expected.end()) return nullptr;
  return tolerance.accepts(static_cast<double>(other->score), static_cast<double>(expected[rank].score)) ? &*other
                                                                                                         : nullptr;
}

Difference compare_classes(const Classes& got, const std::vector<Class>& expected, const Tolerance& tolerance) {
  if (got.size() != expected.size())
    return "expected " + std::to_string(expected.size()) + " classes, got " + std::to_string(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string place = "class " + std::to_string(i);
    const Class* match = counterpart(got[i], i, expected, tolerance);
    if (match == nullptr || match->label != got[i].label)
      return place + ": expected " + class_text(expected[i]) + ", got " + class_text(got[i]);
    if (!tolerance.accepts(static_cast<double>(got[i].score), static_cast<double>(match->score)))
      return place + " (" + class_text(*match) + "): expected score " + std::to_string(match->score) + ", got " +
             std::to_string(got[i].score) + " (" + tolerance.to_string() + ")";
    for (std::size_t j = 0; j < i; ++j)
      if (got[j].index == got[i].index) return place + ": " + class_text(got[i]) + " appears twice";
  }
  return std::nullopt;
}

Result<Difference> compare_tensors(const Tensors& got, const GoldenValue& expected, const Tolerance& tolerance,
                                   const PackageFiles& files) {
  if (got.size() != expected.tensors.size())
    return Difference("expected " + std::to_string(expected.tensors.size()) + " tensors, got " +
                      std::to_string(got.size()));
  for (const auto& [name, recorded] : expected.tensors) {
    const Tensor* tensor = got.find(name);
    if (tensor == nullptr) return Difference("tensor '" + name + "' is missing");
    auto difference = compare_with_golden(*tensor, recorded, tolerance, files);
    if (!difference) return std::move(difference).error();
    if (*difference) return Difference("tensor '" + name + "': " + **difference);
  }
  return Difference();
}

/// A whole image may be recorded without its axis of one channel.
Result<Difference> compare_image(const Image& got, const GoldenTensor& expected, const Tolerance& tolerance,
                                 const PackageFiles& files) {
  if (expected.form != GoldenTensor::Form::kWhole) return compare_with_golden(got.pixels(), expected, tolerance, files);
  auto image = load_image(expected.file, files);
  if (!image) return std::move(image).error();
  return tensor_difference(got.pixels(), image->pixels(), tolerance);
}

/// The elements of a list or tuple, as copies; nothing if it is neither, or cannot be copied.
std::optional<std::vector<Value>> elements_of(const Value& value) {
  std::vector<Value> items;
  if (holds<ValueTuple>(value.type())) {
    for (const Value& item : value.get<ValueTuple>().items) items.push_back(item.copy());
  } else if (const TupleOps* tuple = value.type().tuple) {
    for (std::size_t i = 0; i < tuple->arity; ++i) items.push_back(tuple->copy_element(value.data(), i));
  } else if (const ListOps* list = value.type().list) {
    Value copy = value.type().copy ? value.copy() : Value();
    if (!copy.has_value()) return std::nullopt;
    items.resize(list->size(copy.data()));
    list->explode(copy.data(), items.data());
  } else {
    return std::nullopt;
  }
  for (const Value& item : items)
    if (!item.has_value()) return std::nullopt;
  return items;
}

std::vector<const Value*> pointers_to(const std::vector<Value>& values) {
  std::vector<const Value*> pointers;
  pointers.reserve(values.size());
  for (const Value& value : values) pointers.push_back(&value);
  return pointers;
}

Result<Difference> compare_items(Span<const Value* const> got, const std::vector<GoldenValue>& expected,
                                 const Tolerance& tolerance, const PackageFiles& files) {
  if (got.size() != expected.size())
    return Difference("expected " + std::to_string(expected.size()) + " values, got " + std::to_string(got.size()));
  for (std::size_t i = 0; i < got.size(); ++i) {
    auto difference = compare_with_golden(*got[i], expected[i], tolerance, files);
    if (!difference) return std::move(difference).error();
    if (*difference) return Difference("[" + std::to_string(i) + "]: " + **difference);
  }
  return Difference();
}

}  // namespace

Result<Value> load_golden_value(const GoldenValue& recorded, const TypeInfo& type, const PackageFiles& files) {
  const Kind kind = recorded.kind;
  if (kind == Kind::kFile && holds<Bytes>(type)) return box(files.read(recorded.file));
  if (kind == Kind::kTensor && holds<Tensor>(type)) return box(load_npy(recorded.tensor.file, files));
  if (kind == Kind::kTensor && holds<Image>(type)) return box(load_image(recorded.tensor.file, files));
  if (kind == Kind::kTensors && holds<Tensors>(type)) return box(load_tensors(recorded, files));
  if (kind == Kind::kClasses && holds<Classes>(type)) return Value(Classes(recorded.classes));
  const bool is_list = kind == Kind::kList && type.list;
  const bool is_tuple = kind == Kind::kTuple && type.tuple && type.tuple->arity == recorded.items.size();
  if (!is_list && !is_tuple) return does_not_fit(recorded, type);
  auto items = load_items(recorded, files, type, is_tuple ? type.tuple : nullptr);
  if (!items) return std::move(items).error();
  return is_tuple ? type.tuple->collect(items->data()) : type.list->collect(items->data(), items->size());
}

Result<std::optional<std::string>> compare_with_golden(const Value& got, const GoldenValue& expected,
                                                       const Tolerance& tolerance, const PackageFiles& files) {
  const TypeInfo& type = got.type();
  switch (expected.kind) {
    case Kind::kFile:
      break;
    case Kind::kTensor:
      if (holds<Image>(type)) return compare_image(got.get<Image>(), expected.tensor, tolerance, files);
      if (!holds<Tensor>(type)) break;
      return compare_with_golden(got.get<Tensor>(), expected.tensor, tolerance, files);
    case Kind::kTensors:
      if (!holds<Tensors>(type)) break;
      return compare_tensors(got.get<Tensors>(), expected, tolerance, files);
    case Kind::kClasses:
      if (!holds<Classes>(type)) break;
      return compare_classes(got.get<Classes>(), expected.classes, tolerance);
    case Kind::kList:
    case Kind::kTuple:
      if ((expected.kind == Kind::kList) != (type.list != nullptr)) break;
      if (auto items = elements_of(got)) return compare_items(pointers_to(*items), expected.items, tolerance, files);
      break;
  }
  return does_not_fit(expected, type);
}

Result<std::optional<std::string>> compare_list_with_golden(Span<const Value* const> got, const GoldenValue& expected,
                                                            const Tolerance& tolerance, const PackageFiles& files) {
  if (expected.kind != Kind::kList)
    return Error(ErrorCode::kInvalidArgument,
                 "inside a compound op a list is recorded, this is " + std::string(kind_name(expected.kind)));
  return compare_items(got, expected.items, tolerance, files);
}

}  // namespace gantry::detail

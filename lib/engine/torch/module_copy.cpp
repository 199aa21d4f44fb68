// SPDX-License-Identifier: Apache-2.0
// Copies the values that a module holds, each once.
#include "engine/torch/module_copy.hpp"

#include <ATen/core/Dict.h>
#include <ATen/core/List.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/clone.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/set.h>

#include <unordered_map>
#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

class Copier {
 public:
  c10::IValue copy(const c10::IValue& value) {
    if (!value.isPtrType() || value.isString() || value.isDevice()) return value;
    const void* const identity = value.internalToPointer();
    if (const auto at = copies_.find(identity); at != copies_.end()) return at->second;
    if (value.isObject()) return copy_object(value);  // records its copy itself: objects may hold each other
    return copies_.insert_or_assign(identity, copy_value(value)).first->second;
  }

 private:
  c10::IValue copy_value(const c10::IValue& value) {
    if (value.isTensor()) return copy_tensor(value.toTensor());
    if (value.isList()) return copy_list(value.toList());
    if (value.isGenericDict()) return copy_dict(value.toGenericDict());
    if (value.isTuple()) return copy_tuple(value);
    return value.deepcopy();
  }

  c10::IValue copy_object(const c10::IValue& value) {
    const auto object = value.toObject();
    const c10::ClassTypePtr type = object->type();
    const bool is_custom = type->numAttributes() > 0 && type->getAttribute(0)->kind() == c10::TypeKind::CapsuleType;
    if (is_custom) return copies_.insert_or_assign(object.get(), value.deepcopy()).first->second;
    auto copied =
        c10::ivalue::Object::create(c10::StrongTypePtr(object->compilation_unit(), type), type->numAttributes());
    copies_.insert_or_assign(object.get(), copied);
    for (std::size_t i = 0; i < object->slots().size(); ++i) copied->setSlot(i, copy(object->slots()[i]));
    return copied;
  }

  c10::IValue copy_list(const c10::List<c10::IValue>& list) {
    c10::List<c10::IValue> copied(list.elementType());
    copied.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) copied.push_back(copy(list.get(i)));
    return copied;
  }

  c10::IValue copy_dict(const c10::Dict<c10::IValue, c10::IValue>& dict) {
    c10::Dict<c10::IValue, c10::IValue> copied(dict.keyType(), dict.valueType());
    for (const auto& entry : dict) copied.insert(copy(entry.key()), copy(entry.value()));
    return copied;
  }

  c10::IValue copy_tuple(const c10::IValue& value) {
    std::vector<c10::IValue> elements;
    for (const c10::IValue& element : value.toTupleRef().elements()) elements.push_back(copy(element));
    const auto type = value.toTupleRef().type();
    if (type && type->schema()) return c10::ivalue::Tuple::createNamed(std::move(elements), type);
    return c10::ivalue::Tuple::create(std::move(elements));
  }

  at::Tensor copy_tensor(const at::Tensor& tensor) {
    const bool is_plain = tensor.defined() && tensor.layout() == c10::kStrided && tensor.has_storage() &&
                          !tensor.is_quantized() && !tensor.is_conj() && !tensor.is_neg();
    if (!is_plain) return tensor.defined() ? tensor.clone() : tensor;
    return at::empty({0}, tensor.options())
        .set_(copy_storage(tensor), tensor.storage_offset(), tensor.sizes(), tensor.strides());
  }

  c10::Storage copy_storage(const at::Tensor& tensor) {
    const c10::Storage& storage = tensor.storage();
    const auto at = storages_.find(storage.unsafeGetStorageImpl());
    if (at != storages_.end()) return at->second;
    const auto bytes = static_cast<std::int64_t>(storage.nbytes());
    const at::Tensor all = at::empty({0}, tensor.options().dtype(c10::kByte)).set_(storage, 0, {bytes}, {1});
    return storages_.emplace(storage.unsafeGetStorageImpl(), all.clone().storage()).first->second;
  }

  std::unordered_map<const void*, c10::IValue> copies_;
  std::unordered_map<const c10::StorageImpl*, c10::Storage> storages_;
};

}  // namespace

torch::jit::Module copy_module(const torch::jit::Module& module) {
  return torch::jit::Module(Copier().copy(module._ivalue()).toObject());
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

// SPDX-License-Identifier: Apache-2.0
// The whole names of payload types: Codecs::full_name_of() and its inverse.
#include <algorithm>
#include <gantry/codecs.hpp>
#include <gantry/tensor.hpp>

#include "core/return_if_error.hpp"
#include "pipeline/payload_codecs.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::RegistryData;
using detail::Structure;
using detail::TypeInfo;

constexpr std::string_view kListBegin = "list<";
constexpr std::size_t kMaxDepth = 8;  // of lists in lists; the text may come from elsewhere

/// Tensor and Tensors share the name "tensors" in JSON.
bool is_tensor(const TypeInfo& type) {
  return same_type(type, detail::type_of<Tensor>());
}

std::string spell(const RegistryData& data, const TypeInfo& type) {
  if (type.list) {
    const std::string element = spell(data, type.list->element());
    return element.empty() ? "" : "list<" + element + ">";
  }
  if (type.tuple) {
    std::string items;
    for (std::size_t i = 0; i < type.tuple->arity; ++i) {
      const std::string item = spell(data, type.tuple->element(i));
      if (item.empty()) return "";
      items += (i == 0 ? "" : ", ") + item;
    }
    return "tuple<" + items + ">";
  }
  return is_tensor(type) ? "tensor" : detail::PayloadCodecs(data).name_of(type);
}

Result<const TypeInfo*> find(const RegistryData& data, std::string_view name, std::size_t depth) {
  if (depth > kMaxDepth) return Error(ErrorCode::kUnsupported, "lists are nested more than 8 deep");
  if (name.substr(0, kListBegin.size()) == kListBegin && name.back() == '>') {
    const std::string_view inner = name.substr(kListBegin.size(), name.size() - kListBegin.size() - 1);
    GANTRY_ASSIGN_OR_RETURN(const TypeInfo* const element, find(data, inner, depth + 1));
    if (element->list_of == nullptr)
      return Error(ErrorCode::kUnsupported, "there are no lists of " + element->name() + " at run time");
    return &element->list_of();
  }
  if (name == "tuple" || name.substr(0, 6) == "tuple<")
    return Error(ErrorCode::kUnsupported,
                 "the type '" + std::string(name.substr(0, 80)) + "' must be stated in C++: a tuple's cannot be found");
  if (name == "tensor") return &detail::type_of<Tensor>();
  const auto found = std::find_if(data.codecs.begin(), data.codecs.end(),
                                  [&](const auto& codec) { return codec->name == name && !is_tensor(*codec->type); });
  if (found != data.codecs.end()) return (*found)->type;
  return Error(ErrorCode::kNotFound, "no codec is named '" + std::string(name.substr(0, 80)) + "'");
}

}  // namespace

std::string Codecs::full_name_of(const PayloadType& type) const {
  return type.info() ? spell(*data_, *type.info()) : "";
}

Result<PayloadType> Codecs::find_type(std::string_view full_name) const {
  GANTRY_ASSIGN_OR_RETURN(const TypeInfo* const type, find(*data_, full_name, 0));
  return PayloadType(*type);
}

}  // namespace gantry::inline GANTRY_ABI

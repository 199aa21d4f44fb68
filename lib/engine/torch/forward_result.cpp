// SPDX-License-Identifier: Apache-2.0
// Reads the structure of the result from the graph, and finds tensors in results.
#include "engine/torch/forward_result.hpp"

#include <ATen/core/jit_type.h>
#include <torch/csrc/jit/ir/constants.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/name_matching.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using torch::jit::Node;
using torch::jit::Value;

/// A tensor in the result.
struct Leaf {
  std::string path;
  bool may_be_none = false;
};

struct Structure {
  std::vector<Leaf> leaves;
  bool is_known = true;  ///< false: some parts are known only once the model has run
  bool is_nested = false;
  bool has_names = false;
  bool has_others = false;  ///< parts that are not tensors
};

std::string field_name(const c10::TupleType& type, std::size_t i) {
  return type.schema() ? type.schema()->arguments()[i].name() : std::to_string(i);
}

/// True if nothing is added to this list or dict after it was made, directly or through what holds it: it only becomes
/// a part of the result.
bool stays_as_made(const Value* container) {
  return std::all_of(container->uses().begin(), container->uses().end(), [](const torch::jit::Use& use) {
    const auto kind = use.user->kind();
    if (kind == c10::prim::Return) return true;
    const bool is_part =
        kind == c10::prim::TupleConstruct || kind == c10::prim::ListConstruct || kind == c10::prim::DictConstruct;
    return is_part && stays_as_made(use.user->output());
  });
}

/// Reads a result's structure from the code. `value`: the value, if the code makes it; null: only its type is known.
class StructureReader {
 public:
  explicit StructureReader(const Value* result) { read(result, *result->type(), "", 0); }
  Structure structure;

 private:
  void read(const Value* value, const c10::Type& type, const std::string& path, int depth) {
    if (depth > 1) structure.is_nested = true;
    switch (type.kind()) {
      case c10::TypeKind::TensorType:
        return structure.leaves.push_back({path, false});
      case c10::TypeKind::OptionalType:
        if (type.containedTypes()[0]->kind() == c10::TypeKind::TensorType)
          return structure.leaves.push_back({path, true});
        break;
      case c10::TypeKind::TupleType:
        return read_tuple(value, type, path, depth);
      case c10::TypeKind::ListType:
        if (value && value->node()->kind() == c10::prim::ListConstruct && stays_as_made(value))
          return read_list(value->node(), path, depth);
        break;
      case c10::TypeKind::DictType:
        if (value && value->node()->kind() == c10::prim::DictConstruct && stays_as_made(value))
          return read_dict(value->node(), path, depth);
        break;
      default:
        break;
    }
    if (holds_tensors(type))
      structure.is_known = false;
    else
      structure.has_others = true;  // a number, a text, None
  }

  static bool holds_tensors(const c10::Type& type) {
    if (type.kind() == c10::TypeKind::AnyType || type.kind() == c10::TypeKind::TensorType) return true;
    const auto parts = type.containedTypes();
    return std::any_of(parts.begin(), parts.end(), [](const c10::TypePtr& part) { return holds_tensors(*part); });
  }

  void read_tuple(const Value* value, const c10::Type& type, const std::string& path, int depth) {
    const auto& tuple = type.expectRef<c10::TupleType>();
    const bool is_made_here = value && value->node()->kind() == c10::prim::TupleConstruct;
    if (tuple.schema()) structure.has_names = true;
    for (std::size_t i = 0; i < tuple.elements().size(); ++i) {
      const Value* const element = is_made_here ? value->node()->inputs()[i] : nullptr;
      const c10::Type& element_type = element ? *element->type() : *tuple.elements()[i];
      read(element, element_type, join_path(path, field_name(tuple, i)), depth + 1);
    }
  }

  void read_list(const Node* list, const std::string& path, int depth) {
    for (std::size_t i = 0; i < list->inputs().size(); ++i)
      read(list->inputs()[i], *list->inputs()[i]->type(), join_path(path, std::to_string(i)), depth + 1);
  }

  /// Inputs are key, value, key, value.
  void read_dict(const Node* dict, const std::string& path, int depth) {
    structure.has_names = true;
    for (std::size_t i = 0; i + 1 < dict->inputs().size(); i += 2) {
      const auto key = torch::jit::toIValue(dict->inputs()[i]);
      if (!key || !(key->isString() || key->isInt())) {
        structure.is_known = false;
        return;
      }
      const std::string name = key->isString() ? key->toStringRef() : std::to_string(key->toInt());
      read(dict->inputs()[i + 1], *dict->inputs()[i + 1]->type(), join_path(path, name), depth + 1);
    }
  }
};

/// The names of leaves; `with_optional`: including those that may be None.
std::vector<std::string> names_of(const Structure& structure, bool with_optional) {
  std::vector<std::string> names;
  for (const Leaf& leaf : structure.leaves)
    if (with_optional || !leaf.may_be_none) names.push_back(leaf.path);
  return names;
}

/// "0", "12": the name of an element of a tuple or list.
bool is_index(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The rest of `path` after its first part, if that is `part`.
std::optional<std::string_view> behind(std::string_view path, std::string_view part) {
  if (path == part) return std::string_view();
  if (path.size() <= part.size() || path.substr(0, part.size()) != part || path[part.size()] != '.')
    return std::nullopt;
  return path.substr(part.size() + 1);
}

std::string key_of(const c10::IValue& key) {
  if (key.isString()) return key.toStringRef();
  return key.isInt() ? std::to_string(key.toInt()) : std::string();
}

/// Calls visit(name, value) for each part of a tuple, list or dict, until it returns true.
template <class Visit>
bool visit_parts(const c10::IValue& value, const Visit& visit) {
  if (value.isTuple()) {
    const auto type = value.toTupleRef().type();
    const auto& elements = value.toTupleRef().elements();
    for (std::size_t i = 0; i < elements.size(); ++i)
      if (visit(field_name(*type, i), elements[i])) return true;
  } else if (value.isList()) {
    const auto list = value.toList();
    for (std::size_t i = 0; i < list.size(); ++i)
      if (visit(std::to_string(i), list.get(i))) return true;
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict())
      if (visit(key_of(entry.key()), entry.value())) return true;
  }
  return false;
}

/// The tensor at a path. A dict's key may contain a ".".
std::optional<at::Tensor> find_tensor(const c10::IValue& value, std::string_view path) {
  std::optional<at::Tensor> found;
  visit_parts(value, [&](const std::string& name, const c10::IValue& part) {
    const auto rest = behind(path, name);
    if (!rest) return false;
    if (rest->empty() && part.isTensor()) found = part.toTensor();
    if (!rest->empty()) found = find_tensor(part, *rest);
    return found.has_value();
  });
  return found;
}

/// A tensor, or a tuple or list of tensors without names.
bool has_only_tensors(const c10::IValue& value) {
  if (value.isTuple() && value.toTupleRef().type()->schema()) return false;
  if (!value.isTuple() && !value.isList()) return value.isTensor();
  return !visit_parts(value, [](const std::string&, const c10::IValue& part) { return !part.isTensor(); });
}

void list_tensors(const c10::IValue& value, const std::string& path, std::string& list) {
  if (value.isTensor()) list += (list.empty() ? "'" : ", '") + path + "'";
  visit_parts(value, [&](const std::string& name, const c10::IValue& part) {
    list_tensors(part, join_path(path, name), list);
    return false;
  });
}

Error missing(const std::string& path, const c10::IValue& result) {
  std::string has;
  list_tensors(result, "", has);
  return Error(ErrorCode::kModelError, "the model's result has no tensor '" + path + "'; it has " +
                                           (has.empty() ? std::string("none, it is a ") + result.tagKind() : has));
}

}  // namespace

Result<ForwardResult> ForwardResult::make(const torch::jit::Graph& graph, const Signature& signature) {
  ForwardResult form;
  for (const TensorSpec& spec : signature.outputs()) form.outputs_.push_back(spec.name);
  const Value* const result = graph.outputs().at(0);
  const Structure structure = StructureReader(result).structure;
  const bool is_flat_list = result->type()->kind() == c10::TypeKind::ListType &&
                            result->type()->containedTypes()[0]->kind() == c10::TypeKind::TensorType;
  if (!structure.is_known) {
    const bool has_indices = std::all_of(form.outputs_.begin(), form.outputs_.end(), is_index);
    if (is_flat_list && !has_indices) return form;  // by position; each result tells how many there are
    const auto kind = result->type()->kind();
    const bool is_nested =
        kind == c10::TypeKind::ListType || kind == c10::TypeKind::DictType || kind == c10::TypeKind::TupleType;
    form.form_ = is_nested ? Form::kNested : Form::kAny;
    form.paths_ = form.outputs_;
    form.is_by_name_ = is_nested;
    return form;
  }
  auto names = names_of(structure, true);
  auto matching = match_outputs(names, signature.outputs());
  bool is_with_optional = true;
  if (!matching && names_of(structure, false).size() == form.outputs_.size()) {
    is_with_optional = false;
    names = names_of(structure, false);
    matching = match_outputs(names, signature.outputs());
  }
  GANTRY_RETURN_IF_ERROR(matching);
  form.is_by_name_ = matching->by_name;
  std::vector<std::string> paths;
  for (const Leaf& leaf : structure.leaves)
    if (is_with_optional || !leaf.may_be_none) paths.push_back(leaf.path);
  const bool is_plain = !structure.is_nested && paths.size() == structure.leaves.size() &&
                        result->type()->kind() != c10::TypeKind::DictType && !structure.has_others;
  if (is_plain) {
    if (matching->by_name) form.places_ = matching->places;
    return form;
  }
  form.form_ = Form::kNested;
  for (const std::size_t place : matching->places) form.paths_.push_back(paths[place]);
  return form;
}

Result<std::vector<at::Tensor>> ForwardResult::tensors_of(const c10::IValue& result) const {
  const bool is_flat = form_ == Form::kFlat || (form_ == Form::kAny && has_only_tensors(result));
  return is_flat ? flat_tensors_of(result) : nested_tensors_of(result);
}

Result<std::vector<at::Tensor>> ForwardResult::flat_tensors_of(const c10::IValue& result) const {
  if (result.isTensorList()) return result.toTensorVector();
  std::vector<c10::IValue> values;
  if (result.isTuple())
    values.assign(result.toTupleRef().elements().begin(), result.toTupleRef().elements().end());
  else if (result.isList())
    values = result.toListRef().vec();
  else
    values = {result};
  std::vector<at::Tensor> tensors;
  const std::size_t count = places_.empty() ? values.size() : places_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const c10::IValue& value = values.at(places_.empty() ? i : places_[i]);
    if (!value.isTensor())
      return Error(ErrorCode::kModelError, "output '" + (i < outputs_.size() ? outputs_[i] : std::to_string(i)) +
                                               "' is a " + value.tagKind() + ", not a tensor");
    tensors.push_back(value.toTensor());
  }
  return tensors;
}

Result<std::vector<at::Tensor>> ForwardResult::nested_tensors_of(const c10::IValue& result) const {
  std::vector<at::Tensor> tensors;
  for (const std::string& path : paths_) {
    auto tensor = find_tensor(result, path);
    if (!tensor) return missing(path, result);
    tensors.push_back(*std::move(tensor));
  }
  return tensors;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

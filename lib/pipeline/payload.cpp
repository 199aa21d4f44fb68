// SPDX-License-Identifier: Apache-2.0
// Payloads: names of types, and open tuples, whose element types a config does not state.
#include <gantry/payload.hpp>

#include "core/return_if_error.hpp"
#include "pipeline/open_tuple.hpp"

namespace gantry::inline GANTRY_ABI {
namespace detail {
namespace {

/// A list, or a list of lists, of open tuples.
bool lists_open_tuples(const TypeInfo& type) {
  return type.list && (is_open_tuple(type.list->element()) || lists_open_tuples(type.list->element()));
}

Error cannot_convert(const TypeInfo& type, const TypeInfo& wanted) {
  return Error(ErrorCode::kInvalidArgument, "expected " + wanted.name() + ", this is " + type.name());
}

Result<void> convert_items(Span<Value> items, const TypeInfo& (*wanted)(const void*, std::size_t), const void* of) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto item = convert(std::move(items[i]), wanted(of, i));
    if (!item) return item.error().within("[" + std::to_string(i) + "]");
    items[i] = *std::move(item);
  }
  return {};
}

Result<Value> convert_tuple(ValueTuple& open, const TupleOps& wanted) {
  const auto element = [](const void* tuple, std::size_t i) -> const TypeInfo& {
    return static_cast<const TupleOps*>(tuple)->element(i);
  };
  GANTRY_RETURN_IF_ERROR(convert_items(open.items, element, &wanted));
  return wanted.collect(open.items.data());
}

Result<Value> convert_list(Value list, const ListOps& from, const ListOps& wanted) {
  std::vector<Value> items(from.size(list.data()));
  from.explode(list.data(), items.data());
  const auto element = [](const void* ops, std::size_t) -> const TypeInfo& {
    return static_cast<const ListOps*>(ops)->element();
  };
  GANTRY_RETURN_IF_ERROR(convert_items(items, element, &wanted));
  return wanted.collect(items.data(), items.size());
}

}  // namespace

Result<Value> convert(Value value, const TypeInfo& wanted) {
  const TypeInfo& type = value.type();
  if (same_type(type, wanted)) return value;
  if (is_open_tuple(type) && wanted.tuple && wanted.tuple->arity == value.get<ValueTuple>().items.size())
    return convert_tuple(value.get<ValueTuple>(), *wanted.tuple);
  if (wanted.list && lists_open_tuples(type)) return convert_list(std::move(value), *type.list, *wanted.list);
  return cannot_convert(type, wanted);
}

}  // namespace detail

std::string PayloadType::name() const {
  return info_ ? info_->name() : "nothing";
}

Error Payload::wrong_type(const PayloadType& wanted) const {
  return Error(ErrorCode::kInvalidArgument, "expected " + wanted.name() + ", this is " + type().name());
}

}  // namespace gantry::inline GANTRY_ABI

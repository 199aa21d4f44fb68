// SPDX-License-Identifier: Apache-2.0
// select, bundle and pass: take tensors out by name and combine them by name, so that the outputs of one model, and
// earlier values, become the inputs of the next.
//
//   auto encode_and_score = fork(encoder.stage<Tensor, Tensors>() | select("features"), pass<Tensor>()) |
//                           bundle("features", "image") | head.stage<Tensors, Tensor>();
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

namespace detail {
template <std::size_t>
using TensorAt = Tensor;
template <class Indices>
struct TensorTuple;
template <std::size_t... I>
struct TensorTuple<std::index_sequence<I...>> {
  using type = std::tuple<TensorAt<I>...>;
};

/// An empty chain.
GANTRY_API NodePtr pass_node(const TypeInfo& type);
/// Returns an error if the names of select() or bundle() are not valid.
GANTRY_API Result<void> check_tensor_names(const std::vector<std::string>& names, const char* what);
/// The node of bundle() over `in`, a list or tuple of Tensor.
GANTRY_API NodePtr make_bundle_node(const TypeInfo& in, std::vector<std::string> names);
/// The node of select() for item `index` of `in`, a tuple or InputValues; for InputValues the item must be an `out`.
/// `name`: of an input; empty for an item of another tuple.
GANTRY_API NodePtr make_item_node(const TypeInfo& in, const TypeInfo& out, std::size_t index, const std::string& name);
/// The inputs of a pipeline with several inputs, if no tuple type was stated.
struct GANTRY_API InputValues {
  explicit InputValues(std::vector<Value> values) : items(std::move(values)) {}
  /// Throws if an item cannot be copied.
  InputValues(const InputValues& other);
  InputValues(InputValues&&) noexcept = default;
  InputValues& operator=(InputValues&&) noexcept = default;
  std::vector<Value> items;
};
template <>
struct TypeTraits<InputValues> {
  static std::string name() { return "named inputs"; }
  static constexpr const ListOps* list = nullptr;
  static constexpr const TupleOps* tuple = nullptr;
  static constexpr int list_depth = 0;
};
}  // namespace detail

/// Passes values on unchanged: a branch of fork() that keeps the input.
template <class T>
Stage<T, T> pass() {
  return Stage<T, T>(detail::pass_node(detail::type_of<T>()));
}

/// The tensor with that name. Errors: invalid_argument with the existing names if there is no such tensor.
GANTRY_API Stage<Tensors, Tensor> select(const std::string& name);
/// The tensors with these names, in this order; `as` renames them, one name for each. 1..64 names; the names of the
/// result must differ. Errors: as above.
GANTRY_API Stage<Tensors, Tensors> select(std::vector<std::string> names, std::vector<std::string> as = {});
/// The same for names in braces: `select({"a", "b"})` would otherwise also match std::string.
inline Stage<Tensors, Tensors> select(std::initializer_list<std::string> names,
                                      std::initializer_list<std::string> as = {}) {
  return select(std::vector<std::string>(names), std::vector<std::string>(as));
}
/// Item I of a tuple: one result of a fork, or one of several inputs of a pipeline. `name` is the config's name of such
/// an input; items of other tuples have none. Cost: copies the item.
template <std::size_t I, class Tuple>
Stage<Tuple, std::tuple_element_t<I, Tuple>> select(const std::string& name = {}) {
  using Item = std::tuple_element_t<I, Tuple>;
  return Stage<Tuple, Item>(detail::make_item_node(detail::type_of<Tuple>(), detail::type_of<Item>(), I, name));
}

/// Names the tensors of a tuple: `bundle("image", "mask")` takes a tuple of two. 1..64 names, all different.
/// Cost: copies no values.
template <class... Names>
auto bundle(const std::string& first, const Names&... names) {
  static_assert((std::is_convertible_v<const Names&, std::string> && ...), "gantry: bundle takes names of tensors");
  using Tuple = typename detail::TensorTuple<std::make_index_sequence<1 + sizeof...(Names)>>::type;
  return Stage<Tuple, Tensors>(detail::make_bundle_node(detail::type_of<Tuple>(), {first, std::string(names)...}));
}
/// Names the tensors of a list. Errors: invalid_argument if the list has another number of tensors.
GANTRY_API Stage<std::vector<Tensor>, Tensors> bundle_list(std::vector<std::string> names);

}  // namespace GANTRY_ABI
}  // namespace gantry

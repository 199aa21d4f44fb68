// SPDX-License-Identifier: Apache-2.0
// select, bundle and pass: taking tensors apart and together by name, so that the outputs of one model, and what stood
// before it, become the inputs of the next.
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
/// What is wrong with the names of select() and bundle(), if anything.
GANTRY_API Result<void> check_tensor_names(const std::vector<std::string>& names, const char* what);
/// The node of bundle() over `in`, a list or tuple of Tensor.
GANTRY_API NodePtr make_bundle_node(const TypeInfo& in, std::vector<std::string> names);
/// The node of select() that takes item `index` of `in`, a tuple, or of InputValues, whose item then must be an `out`.
/// `name`: of an input; empty for an item of another tuple.
GANTRY_API NodePtr make_item_node(const TypeInfo& in, const TypeInfo& out, std::size_t index, const std::string& name);
/// The inputs of a pipeline that has several, where nobody has stated the type of a tuple.
struct GANTRY_API InputValues {
  explicit InputValues(std::vector<Value> values) : items(std::move(values)) {}
  /// Throws where an item cannot be copied.
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

/// Passes values on as they are: a branch of fork() that keeps the input.
template <class T>
Stage<T, T> pass() {
  return Stage<T, T>(detail::pass_node(detail::type_of<T>()));
}

/// The tensor of that name. Errors: invalid_argument, naming the ones there are, if it is not there.
GANTRY_API Stage<Tensors, Tensor> select(const std::string& name);
/// The tensors of these names, in this order; `as` gives them new names, one for each. 1..64 names; those of the result
/// differ. Errors: as above.
GANTRY_API Stage<Tensors, Tensors> select(std::vector<std::string> names, std::vector<std::string> as = {});
/// The same for names in braces, `select({"a", "b"})`, which would make a std::string, too.
inline Stage<Tensors, Tensors> select(std::initializer_list<std::string> names,
                                      std::initializer_list<std::string> as = {}) {
  return select(std::vector<std::string>(names), std::vector<std::string>(as));
}
/// Item I of a tuple: of what a fork gives, or of several inputs of a pipeline, one. `name` is what a config calls such
/// an input; items of other tuples have none. Cost: copies the item.
template <std::size_t I, class Tuple>
Stage<Tuple, std::tuple_element_t<I, Tuple>> select(const std::string& name = {}) {
  using Item = std::tuple_element_t<I, Tuple>;
  return Stage<Tuple, Item>(detail::make_item_node(detail::type_of<Tuple>(), detail::type_of<Item>(), I, name));
}

/// The tensors of a tuple by name: `bundle("image", "mask")` takes a tuple of two. 1..64 names, all different.
/// Cost: copies no values.
template <class... Names>
auto bundle(const std::string& first, const Names&... names) {
  static_assert((std::is_convertible_v<const Names&, std::string> && ...), "gantry: bundle takes names of tensors");
  using Tuple = typename detail::TensorTuple<std::make_index_sequence<1 + sizeof...(Names)>>::type;
  return Stage<Tuple, Tensors>(detail::make_bundle_node(detail::type_of<Tuple>(), {first, std::string(names)...}));
}
/// The tensors of a list by name. Errors: invalid_argument if the list has another number of tensors.
GANTRY_API Stage<std::vector<Tensor>, Tensors> bundle_list(std::vector<std::string> names);

}  // namespace GANTRY_ABI
}  // namespace gantry

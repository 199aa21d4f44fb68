// SPDX-License-Identifier: Apache-2.0
// Stage<In, Out>: one step of a pipeline, as a value; and the operators that compose stages.
//
//   auto brighten = gantry::stage("brighten", [](const Image& image) -> Result<Image> { ... });
//   auto enhance = gantry::stage("enhance",
//                                [model](Tensors in, const CallContext& call) { return model.run(in, call); });
//   auto chain = image::decode() | brighten | image::to_tensor(image::affine(127, 128)) | model.stage() | softmax();
//
// A stage always describes the processing of one sample; the executor handles batches. The compiler checks the
// composition: the left stage's Out must be the right stage's In.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <gantry/callable.hpp>
#include <gantry/node.hpp>
#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The declaration of a step from In to Out.
///
/// Ownership: shares its declaration; copies are cheap.
/// Threads:   immutable.
/// Errors:    stores parameters outside their limits as an error; compile() reports it, error() shows it earlier.
/// Cost:      nothing runs until a pipeline is compiled from it.
template <class In, class Out>
class Stage {
 public:
  using Input = In;
  using Output = Out;

  explicit Stage(detail::NodePtr node) : node_(std::move(node)) {}
  const detail::NodePtr& node() const { return node_; }
  /// The error of this stage's parameters, or nullptr.
  const Error* error() const { return node_->error ? &*node_->error : nullptr; }

 private:
  detail::NodePtr node_;
};

/// A named yes/no question about a T, for when().
template <class T>
class Predicate {
 public:
  Predicate(std::string name, std::function<bool(const T&)> test)
      : name_(std::move(name)),
        erased_(std::make_shared<const std::function<bool(const void*)>>(
            [test = std::move(test)](const void* value) { return test(*static_cast<const T*>(value)); })) {}
  const std::string& name() const { return name_; }
  const detail::ErasedPredicate& erased() const { return erased_; }

 private:
  std::string name_;
  detail::ErasedPredicate erased_;
};

namespace detail {

template <class In, class Out>
Node make_node(std::string kind, std::string name) {
  Node node;
  node.kind = std::move(kind);
  node.name = std::move(name);
  node.in = &type_of<In>();
  node.out = &type_of<Out>();
  return node;
}

template <class In, class Out>
Stage<In, Out> to_stage(Node node) {
  return Stage<In, Out>(std::make_shared<const Node>(std::move(node)));
}

/// A built-in op: a declaration, and a function of one sample: run(const P&, In&&) or run(const P&, In&&, const
/// CallContext&). `check`: the error of the parameters, if any.
template <class In, class Out, class P, class F>
Stage<In, Out> make_op(const char* name, P params, std::string text, Result<void> check, F run) {
  Node node = make_node<In, Out>(name, name);
  if (!check) node.error = std::move(check).error();
  auto shared = std::make_shared<const P>(std::move(params));
  node.params = {shared, &type_of<P>(), std::move(text)};
  if constexpr (std::is_invocable_v<const F&, const P&, In&&, const CallContext&>) {
    node.kernel = make_callable_kernel<In, Out>(
        [shared, run](In&& input, const CallContext& call) { return run(*shared, std::move(input), call); });
  } else {
    node.kernel = make_callable_kernel<In, Out>([shared, run](In&& input) { return run(*shared, std::move(input)); });
  }
  return to_stage<In, Out>(std::move(node));
}

}  // namespace detail

/// A stage from any const-callable In -> Out or In -> Result<Out>, which may also take a const CallContext&. The types
/// are deduced from its parameters, so it must not be a generic lambda. All threads share the callable. Its input
/// shares storage with the caller's value and with other branches and crops of it: a callable that writes must copy it
/// first (Tensor::clone()). An exception of the callable becomes `internal`, std::bad_alloc becomes
/// `resource_exhausted`.
template <class F>
auto stage(std::string name, F callable) {
  using Traits = detail::CallableTraits<F>;
  using In = typename Traits::Argument;
  using Out = typename Traits::Return;
  static_assert(!std::is_void_v<Out>, "gantry: a stage's callable must return a value; use tap() to only look at one");
  static_assert(detail::takes_call<F, In&&> || std::is_invocable_v<const F&, In&&>,
                "gantry: a stage's callable takes its input by value, const reference or rvalue reference");
  detail::Node node = detail::make_node<In, Out>("callable", std::move(name));
  node.kernel = detail::make_callable_kernel<In, Out>(std::move(callable));
  return detail::to_stage<In, Out>(std::move(node));
}

/// a, then b.
template <class A, class B, class C, class D>
Stage<A, D> operator|(const Stage<A, B>& a, const Stage<C, D>& b) {
  static_assert(std::is_same_v<B, C>, "gantry: the left stage's output type is not the right stage's input type");
  return Stage<A, D>(detail::chain_nodes(a.node(), b.node()));
}

/// Maps a stage over a list. If an element fails, its request fails with "each[3] > stage '...'". The elements of all
/// lists of a batch run through the inner stages as one batch.
template <class In, class Out>
Stage<std::vector<In>, std::vector<Out>> each(const Stage<In, Out>& inner) {
  auto node = detail::make_node<std::vector<In>, std::vector<Out>>("each", "each");
  node.branches = {{"do", inner.node()}};
  return detail::to_stage<std::vector<In>, std::vector<Out>>(std::move(node));
}

/// Passes a copy of the input to every branch and joins the results in a tuple. In must be copyable.
template <class In, class... Outs>
Stage<In, std::tuple<Outs...>> fork(const Stage<In, Outs>&... branches) {
  static_assert(sizeof...(Outs) > 0, "gantry: fork needs at least one branch");
  static_assert(detail::IsCopyable<In>::value, "gantry: fork needs a copyable input");
  auto node = detail::make_node<In, std::tuple<Outs...>>("fork", "fork");
  std::size_t index = 0;
  (node.branches.push_back({"branches[" + std::to_string(index++) + "]", branches.node()}), ...);
  return detail::to_stage<In, std::tuple<Outs...>>(std::move(node));
}

/// `then` for samples that the predicate accepts, `otherwise` for the rest.
template <class In, class Out>
Stage<In, Out> when(const Predicate<In>& predicate, const Stage<In, Out>& then, const Stage<In, Out>& otherwise) {
  auto node = detail::make_node<In, Out>("when", "when");
  node.params.text = "if=" + predicate.name();
  node.predicate = predicate.erased();
  node.branches = {{"then", then.node()}, {"else", otherwise.node()}};
  return detail::to_stage<In, Out>(std::move(node));
}

/// Passes every sample to an observer (const T& -> void, or const T&, const CallContext& -> void) and then on
/// unchanged.
template <class T, class F>
Stage<T, T> tap(std::string name, F observer) {
  static_assert(detail::takes_call<F, const T&> || std::is_invocable_v<const F&, const T&>,
                "gantry: tap needs a const-callable observer of const T&, and of a const CallContext& if it likes");
  auto node = detail::make_node<T, T>("tap", std::move(name));
  node.kernel = std::make_shared<detail::CallableKernel<detail::TapStep<T, F>, F>>(std::move(observer));
  return detail::to_stage<T, T>(std::move(node));
}

}  // namespace GANTRY_ABI
}  // namespace gantry

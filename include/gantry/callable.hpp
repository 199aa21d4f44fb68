// SPDX-License-Identifier: Apache-2.0
// How a callable becomes a step: its input and output types, and the loop over a batch's samples. Host applications use
// stage.hpp.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include <gantry/call_context.hpp>
#include <gantry/node.hpp>
#include <gantry/result.hpp>
#include <gantry/translate_exception.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

template <class T>
struct UnwrapResult {
  using type = T;
};
template <class T>
struct UnwrapResult<Result<T>> {
  using type = T;
};

template <class F, class = void>
constexpr bool has_one_call_operator = false;
template <class F>
constexpr bool has_one_call_operator<F, std::void_t<decltype(&F::operator())>> = true;

/// The call operator of F, or F itself if it is a function.
template <class F, bool = has_one_call_operator<F>>
struct CallSignature {
  static_assert(sizeof(F) == 0,
                "gantry: a stage's callable has one call operator with its types written out: it is no generic lambda "
                "and has no overloads");
};
template <class F>
struct CallSignature<F, true> {
  using type = decltype(&F::operator());
};
template <class R, class... As>
struct CallSignature<R (*)(As...), false> {
  using type = R (*)(As...);
};
template <class R, class... As>
struct CallSignature<R (*)(As...) noexcept, false> {
  using type = R (*)(As...);
};

/// The argument and return types of a call operator.
template <class Signature>
struct SignatureTraits;
template <class R, class... As>
struct SignatureTraits<R (*)(As...)> {
  static_assert(sizeof(R(*)(As...)) == 0,
                "gantry: a stage's callable takes its input, and nothing else but a const CallContext&");
};
template <class R, class A>
struct SignatureTraits<R (*)(A)> {
  using Argument = std::decay_t<A>;
  using Return = typename UnwrapResult<std::decay_t<R>>::type;
};
template <class R, class A>
struct SignatureTraits<R (*)(A, const CallContext&)> : SignatureTraits<R (*)(A)> {};
template <class C, class R, class... As>
struct SignatureTraits<R (C::*)(As...) const> : SignatureTraits<R (*)(As...)> {};
template <class C, class R, class... As>
struct SignatureTraits<R (C::*)(As...) const noexcept> : SignatureTraits<R (*)(As...)> {};
template <class C, class R, class... As>
struct SignatureTraits<R (C::*)(As...)> {
  static_assert(sizeof(C) == 0, "gantry: a stage's callable must be const: it is called by several threads at once");
};
template <class C, class R, class... As>
struct SignatureTraits<R (C::*)(As...) noexcept> : SignatureTraits<R (C::*)(As...)> {};

template <class F>
using CallableTraits = SignatureTraits<typename CallSignature<F>::type>;

/// True if the callable takes a CallContext.
template <class F, class Argument>
constexpr bool takes_call = std::is_invocable_v<const F&, Argument, const CallContext&>;

/// The CallContext for a callable that takes one; empty for other callables.
template <bool is_wanted>
struct CallOfBatch {
  CallOfBatch(const Context&, Span<Slot>) {}
  void begin(const SlotFrames&) {}
  void end(bool) {}
};
template <>
struct CallOfBatch<true> : CallContext {
  CallOfBatch(const Context& context, Span<Slot> slots) : CallContext(context, count_ok(slots)) {}
  static std::size_t count_ok(Span<Slot> slots) {
    std::size_t count = 0;
    for (const Slot& slot : slots) count += slot.ok();
    return count;
  }
};

/// Applies a callable to each slot.
template <class In, class Out, class F>
class MapStep final : public Step {
 public:
  explicit MapStep(std::shared_ptr<const F> callable) : callable_(std::move(callable)) {}
  void run(Span<Slot> slots, Context& context) const override {
    CallOfBatch<takes_call<F, In&&>> call(context, slots);
    for (Slot& slot : slots) {
      if (!slot.ok()) continue;
      call.begin(slot.frames());
      run_one(slot, call);
      call.end(slot.ok());
    }
  }

 private:
  template <class Call>
  void run_one(Slot& slot, const Call& call) const try {
    auto result = invoke(std::move(slot.get<In>()), call);
    if constexpr (std::is_same_v<decltype(result), Result<Out>>) {
      if (result)
        slot.set<Out>(*std::move(result));
      else
        slot.fail(std::move(result).error());
    } else {
      slot.set<Out>(std::move(result));
    }
  } catch (...) {
    slot.fail(translate_exception());
  }
  auto invoke(In&& input, const CallContext& call) const { return (*callable_)(std::move(input), call); }
  auto invoke(In&& input, const CallOfBatch<false>&) const { return (*callable_)(std::move(input)); }

  std::shared_ptr<const F> callable_;
};

/// Passes each slot to an observer.
template <class T, class F>
class TapStep final : public Step {
 public:
  explicit TapStep(std::shared_ptr<const F> observer) : observer_(std::move(observer)) {}
  void run(Span<Slot> slots, Context& context) const override {
    CallOfBatch<takes_call<F, const T&>> call(context, slots);
    for (Slot& slot : slots) {
      if (!slot.ok()) continue;
      call.begin(slot.frames());
      try {
        if constexpr (takes_call<F, const T&>)
          (*observer_)(std::as_const(slot.get<T>()), call);
        else
          (*observer_)(std::as_const(slot.get<T>()));
      } catch (...) {
        slot.fail(translate_exception());
      }
      call.end(slot.ok());
    }
  }

 private:
  std::shared_ptr<const F> observer_;
};

/// Creates StepType(callable) for each plan.
template <class StepType, class F>
class CallableKernel final : public Kernel {
 public:
  explicit CallableKernel(F callable) : callable_(std::make_shared<const F>(std::move(callable))) {}
  std::unique_ptr<Step> make_step() const override { return std::make_unique<StepType>(callable_); }

 private:
  std::shared_ptr<const F> callable_;
};

template <class In, class Out, class F>
std::shared_ptr<const Kernel> make_callable_kernel(F callable) {
  return std::make_shared<CallableKernel<MapStep<In, Out, F>, F>>(std::move(callable));
}

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry

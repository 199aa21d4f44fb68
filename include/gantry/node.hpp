// SPDX-License-Identifier: Apache-2.0
// Node: the declaration of one stage, and Step: its execution. The typed front end (stage.hpp) and the config front end
// (registry.hpp) build the same nodes; compile() turns them into a plan of steps.
//
// A node is a pure declaration: a kind, typed parameters, the types of its edges, its children. A kernel turns its node
// into a step, or fuses it with the nodes after it. Callables are opaque: nothing fuses with them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gantry/error.hpp>
#include <gantry/frame.hpp>
#include <gantry/function.hpp>
#include <gantry/result.hpp>
#include <gantry/span.hpp>
#include <gantry/value.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

/// A value on its way through the plan, or the error that stopped it.
class Slot {
 public:
  Slot() = default;
  explicit Slot(Value value) : value_(std::move(value)) {}

  bool ok() const { return !error_.has_value(); }
  Value& value() { return value_; }
  const Value& value() const { return value_; }
  const Error& error() const { return *error_; }
  template <class T>
  T& get() {
    return value_.get<T>();
  }
  template <class T>
  void set(T payload) {
    set_value(Value(std::move(payload)));
  }
  /// Sets a new value that was made from all elements of the old one; the elements' frames are dropped.
  void set_value(Value value) {
    value_ = std::move(value);
    if (frames_.have_elements_others()) frames_.end_elements(value_.type().list != nullptr);
  }
  /// Sets the same elements in the same order in another form; all frames stay.
  void set_form(Value value) { value_ = std::move(value); }

  /// The frames that travel with the value. Steps that do not use frames leave them unchanged.
  SlotFrames& frames() { return frames_; }
  const SlotFrames& frames() const { return frames_; }
  /// Fails this slot; the plan adds the stage's name to the error's path.
  void fail(Error error) {
    value_.reset();
    error_ = std::move(error);
    is_fresh_ = true;
  }
  /// True once after fail(): tells the plan to add the stage's name.
  bool take_fresh() { return std::exchange(is_fresh_, false); }

 private:
  Value value_;
  std::optional<Error> error_;
  bool is_fresh_ = false;
  SlotFrames frames_;
};

struct Context;

/// The executable form of a stage. It works on batches; one request is a batch of one.
class GANTRY_API Step {
 public:
  virtual ~Step();
  /// Replaces the value of each slot that is ok() with its result, or fails the slot; does not change failed slots.
  /// Thread-safe, and must not throw.
  virtual void run(Span<Slot> slots, Context& context) const = 0;
  /// True if start() may return before the work is done.
  virtual bool is_async() const { return false; }
  /// run(), then resume(), exactly once, on any thread. `slots` and `context` live until resume() is called.
  virtual void start(Span<Slot> slots, Context& context, Function<void()> resume) const;
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// A named sub-graph of a compound node: "do", "then", "else", "branches[0]"; or an element of a chain.
struct Branch {
  std::string label;
  NodePtr node;
};

/// Neighbouring stages of a chain as one step, which gives the same values as the separate stages.
struct Fusion {
  std::unique_ptr<Step> step;  ///< names the failing stage in its errors itself; nullptr: nothing is fused
  std::size_t count = 0;       ///< the number of stages that it replaces
  std::string text;            ///< for explain(): what the step does
  std::string stop;            ///< for explain(): why the next stage is not included; empty if there is none
};

/// How a leaf node runs.
class GANTRY_API Kernel {
 public:
  virtual ~Kernel();
  virtual std::unique_ptr<Step> make_step() const = 0;
  /// One step for stages[0], which has this kernel, and as many following stages as it can include.
  virtual Fusion fuse(Span<const Branch> stages) const;
};

/// Typed parameters of a node, with the text that explain() prints: "size=256, filter=bicubic".
struct Params {
  std::shared_ptr<const void> data;
  const TypeInfo* type = nullptr;
  std::string text;

  template <class P>
  static Params of(P params, std::string text) {
    return {std::make_shared<const P>(std::move(params)), &type_of<P>(), std::move(text)};
  }
  /// The parameters if they are a P, else nullptr.
  template <class P>
  const P* as() const {
    return type && same_type(*type, type_of<P>()) ? static_cast<const P*>(data.get()) : nullptr;
  }
};

/// Type-erased predicate of `when`.
using ErasedPredicate = std::shared_ptr<const std::function<bool(const void*)>>;

/// Returns an error if a value is not a valid input of the stage.
using InputCheck = std::function<Result<void>(const Value&)>;

/// One stage, or a chain of them.
struct Node {
  std::string kind;  ///< "image.decode", "callable", "model", "chain", "fork", "each", "when", "tap"
  std::string name;  ///< the name in messages: the op's name, or the callable's
  const TypeInfo* in = nullptr;
  const TypeInfo* out = nullptr;
  Params params;
  std::vector<Branch> branches;
  std::shared_ptr<const Kernel> kernel;                 ///< leaf nodes
  ErasedPredicate predicate;                            ///< `when`
  std::shared_ptr<const InputCheck> check;              ///< checks the input first; nullptr: the type is enough
  std::vector<std::shared_ptr<const void>> keep_alive;  ///< handles that the pipeline must keep alive, such as a Model
  std::optional<Error> error;                           ///< parameters outside their limits; compile() reports it
};

/// a, then b; flattens chains.
GANTRY_API NodePtr chain_nodes(const NodePtr& a, const NodePtr& b);

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// each, fork and when: distribute values to inner plans and join their results.
#include "pipeline/compound_steps.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

// An asynchronous step allocates all its state at once, before it starts any work. The continuations hold a pointer to
// it and allocate nothing, since an exception in a continuation has no caller to catch it.

/// Runs `work`. On an exception, for instance from a payload's copy constructor, fails every slot that is still ok with
/// an error within `scope`, and returns false.
template <class Work>
bool guarded(Span<Slot> slots, const char* scope, Work work) {
  try {
    work();
    return true;
  } catch (...) {
    const Error error = translate_exception().within(scope);
    for (Slot& slot : slots)
      if (slot.ok()) slot.fail(error);
    return false;
  }
}

/// The same for a single slot; the others continue.
template <class Work>
bool guarded(Slot& slot, const char* scope, Work work) {
  return guarded(Span<Slot>(&slot, 1), scope, std::move(work));
}

/// Whether the value's frame is only `frame`.
bool is_all(const SlotFrames& frames, const Frame* frame) {
  return !frames.have_elements_others() && same_frame(frames.own(), frame);
}

/// Whether items that form a list or tuple have frames.
template <class ItemAt>
SlotFrames::List frames_of(std::size_t count, const ItemAt& item_at) {
  std::vector<KnownFrames> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = item_at(i).frames().known();
  return std::make_shared<const std::vector<KnownFrames>>(std::move(all));
}

/// The elements of all lists of a batch, concatenated.
struct Flattened {
  std::vector<Slot> items;
  std::vector<std::size_t> ends;  // end offset per outer slot; a failed slot adds no elements
};

class EachStep final : public Step {
 public:
  EachStep(PlanPtr inner, const ListOps& in, const ListOps& out) : inner_(std::move(inner)), in_(in), out_(out) {}
  bool is_async() const override { return inner_->is_async(); }

  void run(Span<Slot> slots, Context& context) const override {
    Flattened flat;
    flatten(slots, flat);
    if (!flat.items.empty()) inner_->run(flat.items, context);
    regroup(flat, slots);
  }

  void start(Span<Slot> slots, Context& context, Function<void()> resume) const override {
    auto state = std::make_shared<State>();
    state->slots = slots;
    state->resume = std::move(resume);
    flatten(slots, state->flat);
    inner_->start(state->flat.items, context, [this, state] {
      regroup(state->flat, state->slots);
      state->resume();
    });
  }

 private:
  struct State {
    Flattened flat;
    Span<Slot> slots;
    Function<void()> resume;
  };

  void flatten(Span<Slot> slots, Flattened& flat) const {
    if (!guarded(slots, "each", [&] { flat.ends.reserve(slots.size()); })) return;
    for (Slot& slot : slots) {
      const std::size_t begin = flat.items.size();
      if (slot.ok()) guarded(slot, "each", [&] { flatten_one(slot, flat.items); });
      if (!slot.ok()) flat.items.resize(begin);
      flat.ends.push_back(flat.items.size());
    }
  }

  void flatten_one(Slot& slot, std::vector<Slot>& items) const {
    const std::size_t count = in_.size(slot.value().data());
    const SlotFrames& frames = slot.frames();
    if (frames.of_elements() && frames.of_elements()->size() != count)
      return slot.fail(Error(ErrorCode::kInvalidArgument, "the stage before gave " +
                                                              std::to_string(frames.of_elements()->size()) +
                                                              " frames for a list of " + std::to_string(count)));
    std::vector<Value> values(count);
    in_.explode(slot.value().data(), values.data());
    for (std::size_t i = 0; i < count; ++i) items.emplace_back(std::move(values[i])).frames() = frames.element(i);
  }

  void regroup(Flattened& flat, Span<Slot> slots) const {
    if (flat.ends.size() != slots.size()) return;  // flatten() failed and has failed the slots
    std::size_t begin = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const std::size_t end = flat.ends[i];
      const Span<Slot> items(flat.items.data() + begin, end - begin);
      if (slots[i].ok()) guarded(slots[i], "each", [&] { collect(items, slots[i]); });
      begin = end;
    }
  }

  void collect(Span<Slot> items, Slot& slot) const {
    std::vector<Value> values;
    values.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!items[i].ok()) {
        slot.fail(items[i].error().within("each[" + std::to_string(i) + "]"));
        return;
      }
      values.push_back(std::move(items[i].value()));
    }
    slot.set_form(out_.collect(values.data(), values.size()));
    collect_frames(items, slot.frames());
  }

  /// The list keeps its frame, and each element its current one.
  static void collect_frames(Span<Slot> items, SlotFrames& frames) {
    const auto all_have = [&](const Frame* frame) {
      return std::all_of(items.begin(), items.end(), [&](const Slot& item) { return is_all(item.frames(), frame); });
    };
    if (all_have(frames.own()))
      frames.clear_of_elements();
    else if (all_have(nullptr))
      frames.lose_of_elements();
    else
      frames.set_of_elements(frames_of(items.size(), [&](std::size_t i) -> Slot& { return items[i]; }));
  }

  PlanPtr inner_;
  const ListOps& in_;
  const ListOps& out_;
};

/// One row of slots for each branch.
using Rows = std::vector<std::vector<Slot>>;

class ForkStep final : public Step {
 public:
  ForkStep(std::vector<PlanPtr> branches, const TypeInfo& out) : branches_(std::move(branches)), tuple_(out.tuple) {
    for (const PlanPtr& branch : branches_) is_async_ = is_async_ || branch->is_async();
  }
  bool is_async() const override { return is_async_; }

  void run(Span<Slot> slots, Context& context) const override {
    Rows rows(branches_.size());
    deal(slots, rows);
    for (std::size_t b = 0; b < branches_.size(); ++b) branches_[b]->run(rows[b], context);
    join(rows, slots);
  }

  void start(Span<Slot> slots, Context& context, Function<void()> resume) const override {
    auto state = std::make_shared<State>();
    state->rows.resize(branches_.size());
    state->slots = slots;
    state->context = &context;
    state->resume = std::move(resume);
    deal(slots, state->rows);
    start_branch(0, state);
  }

 private:
  struct State {
    Rows rows;
    Span<Slot> slots;
    Context* context = nullptr;
    Function<void()> resume;
  };

  /// If there is no memory for all rows, every slot fails and the rows stay empty.
  static void deal(Span<Slot> slots, Rows& rows) {
    const bool has_room = guarded(slots, "fork", [&] {
      for (auto& row : rows) row.resize(slots.size());
    });
    if (!has_room) {
      for (auto& row : rows) row.clear();
      return;
    }
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].ok()) guarded(slots[i], "fork", [&] { deal_one(slots[i], i, rows); });
      for (auto& row : rows)
        if (!slots[i].ok()) row[i] = failed_copy(slots[i]);
    }
  }

  /// Copies the value for all branches except the last, which gets the value itself.
  static void deal_one(Slot& slot, std::size_t i, Rows& rows) {
    for (std::size_t b = 0; b + 1 < rows.size(); ++b) rows[b][i] = Slot(slot.value().copy());
    rows.back()[i] = Slot(std::move(slot.value()));
    for (auto& row : rows) row[i].frames() = slot.frames();
  }

  static Slot failed_copy(const Slot& slot) {
    Slot copy;
    copy.fail(slot.error());
    copy.take_fresh();
    return copy;
  }

  void start_branch(std::size_t b, const std::shared_ptr<State>& state) const {
    if (b < branches_.size())
      return branches_[b]->start(state->rows[b], *state->context, [this, b, state] { start_branch(b + 1, state); });
    join(state->rows, state->slots);
    state->resume();
  }

  void join(Rows& rows, Span<Slot> slots) const {
    for (std::size_t i = 0; i < slots.size(); ++i)
      if (slots[i].ok()) guarded(slots[i], "fork", [&] { join_one(rows, i, slots[i]); });
  }

  void join_one(Rows& rows, std::size_t i, Slot& slot) const {
    std::vector<Value> values;
    values.reserve(rows.size());
    for (std::size_t b = 0; b < rows.size(); ++b) {
      if (!rows[b][i].ok()) {
        slot.fail(rows[b][i].error().within("fork[" + std::to_string(b) + "]"));
        return;
      }
      values.push_back(std::move(rows[b][i].value()));
    }
    slot.set_form(tuple_ ? tuple_->collect(values.data()) : Value(ValueTuple(std::move(values))));
    join_frames(rows, i, slot.frames());
  }

  /// If all items have the same frame, the tuple gets it. Otherwise the tuple has none, and each item keeps its own.
  static void join_frames(const Rows& rows, std::size_t i, SlotFrames& frames) {
    const Frame* const first = rows[0][i].frames().own();
    const bool are_equal =
        std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return is_all(row[i].frames(), first); });
    frames.clear_of_elements();
    if (!are_equal)
      frames.set_of_elements(frames_of(rows.size(), [&](std::size_t b) -> const Slot& { return rows[b][i]; }));
    if (are_equal && first)
      frames.set_own(*first);
    else
      frames.clear_own();
  }

  std::vector<PlanPtr> branches_;
  const TupleOps* tuple_;  // nullptr: ValueTuple
  bool is_async_ = false;
};

/// The slots of each side of a `when`, with their indices in the outer batch.
struct Sides {
  std::vector<Slot> items[2];
  std::vector<std::size_t> origins[2];
};

class WhenStep final : public Step {
 public:
  WhenStep(ErasedPredicate predicate, PlanPtr then, PlanPtr otherwise)
      : predicate_(std::move(predicate)), plans_{std::move(then), std::move(otherwise)} {}
  bool is_async() const override { return plans_[0]->is_async() || plans_[1]->is_async(); }

  void run(Span<Slot> slots, Context& context) const override {
    Sides sides;
    guarded(slots, "when", [&] { divide(slots, sides); });
    for (std::size_t s = 0; s < 2; ++s)
      if (!sides.items[s].empty()) plans_[s]->run(sides.items[s], context);
    merge(sides, slots);
  }

  void start(Span<Slot> slots, Context& context, Function<void()> resume) const override {
    auto state = std::make_shared<State>();
    state->slots = slots;
    state->context = &context;
    state->resume = std::move(resume);
    guarded(slots, "when", [&] { divide(slots, state->sides); });
    plans_[0]->start(state->sides.items[0], context, [this, state] { start_else(state); });
  }

 private:
  struct State {
    Sides sides;
    Span<Slot> slots;
    Context* context = nullptr;
    Function<void()> resume;
  };

  void start_else(const std::shared_ptr<State>& state) const {
    plans_[1]->start(state->sides.items[1], *state->context, [state] {
      merge(state->sides, state->slots);
      state->resume();
    });
  }

  void divide(Span<Slot> slots, Sides& sides) const {
    for (std::size_t s = 0; s < 2; ++s) {  // reserve first: a value must not be moved without recording its index
      sides.items[s].reserve(slots.size());
      sides.origins[s].reserve(slots.size());
    }
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (!slots[i].ok()) continue;
      try {
        const std::size_t side = (*predicate_)(slots[i].value().data()) ? 0 : 1;
        sides.items[side].push_back(std::move(slots[i]));
        sides.origins[side].push_back(i);
      } catch (...) {
        slots[i].fail(translate_exception().within("when.if"));
      }
    }
  }

  static void merge(Sides& sides, Span<Slot> slots) {
    static constexpr const char* kNames[] = {"when.then", "when.else"};
    for (std::size_t s = 0; s < 2; ++s) {
      for (std::size_t k = 0; k < sides.items[s].size(); ++k) {
        Slot& slot = slots[sides.origins[s][k]];
        Slot& item = sides.items[s][k];
        if (item.ok())
          slot = std::move(item);
        else
          slot.fail(item.error().within(kNames[s]));
      }
    }
  }

  ErasedPredicate predicate_;
  PlanPtr plans_[2];
};

class CheckedStep final : public Step {
 public:
  CheckedStep(std::shared_ptr<const InputCheck> check, std::unique_ptr<Step> inner)
      : check_(std::move(check)), inner_(std::move(inner)) {}
  bool is_async() const override { return inner_->is_async(); }
  void run(Span<Slot> slots, Context& context) const override {
    check(slots);
    inner_->run(slots, context);
  }
  void start(Span<Slot> slots, Context& context, Function<void()> resume) const override {
    check(slots);
    inner_->start(slots, context, std::move(resume));
  }

 private:
  void check(Span<Slot> slots) const {
    for (Slot& slot : slots) {
      if (!slot.ok()) continue;
      try {
        if (auto checked = (*check_)(slot.value()); !checked) slot.fail(std::move(checked).error());
      } catch (...) {
        slot.fail(translate_exception());
      }
    }
  }

  const std::shared_ptr<const InputCheck> check_;
  const std::unique_ptr<Step> inner_;
};

}  // namespace

std::unique_ptr<Step> make_each_step(PlanPtr inner, const ListOps& in, const ListOps& out) {
  return std::make_unique<EachStep>(std::move(inner), in, out);
}
std::unique_ptr<Step> make_fork_step(std::vector<PlanPtr> branches, const TypeInfo& out) {
  return std::make_unique<ForkStep>(std::move(branches), out);
}
std::unique_ptr<Step> make_when_step(ErasedPredicate predicate, PlanPtr then, PlanPtr otherwise) {
  return std::make_unique<WhenStep>(std::move(predicate), std::move(then), std::move(otherwise));
}
std::unique_ptr<Step> make_checked_step(std::shared_ptr<const InputCheck> check, std::unique_ptr<Step> inner) {
  return std::make_unique<CheckedStep>(std::move(check), std::move(inner));
}

}  // namespace gantry::inline GANTRY_ABI::detail

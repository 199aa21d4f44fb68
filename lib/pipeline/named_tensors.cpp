// SPDX-License-Identifier: Apache-2.0
// select and bundle: steps over tensors by name, and over the items of a tuple.
#include <algorithm>
#include <gantry/named_tensors.hpp>
#include <gantry/translate_exception.hpp>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::Context;
using detail::Kernel;
using detail::Node;
using detail::NodePtr;
using detail::Slot;
using detail::Step;
using detail::TypeInfo;
using detail::Value;

constexpr std::size_t kMaxNames = 64;

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return "[" + text + "]";
}

Error no_tensor(const Tensors& tensors, const std::string& name) {
  std::string known;
  for (const NamedTensor& item : tensors) known += (known.empty() ? "'" : ", '") + item.name + "'";
  return Error(ErrorCode::kInvalidArgument,
               "there is no tensor '" + name + "'; there " + (known.empty() ? "is none" : "are " + known));
}

struct SelectMany {
  std::vector<std::string> names;
  std::vector<std::string> as;  // as many as `names`
};

Result<void> check_select(const std::vector<std::string>& names, const std::vector<std::string>& as) {
  if (names.empty() || names.size() > kMaxNames)
    return Error(ErrorCode::kInvalidArgument,
                 "names: needs 1.." + std::to_string(kMaxNames) + " names, got " + std::to_string(names.size()));
  if (!as.empty() && as.size() != names.size())
    return Error(ErrorCode::kInvalidArgument, "as: needs a name for each of the " + std::to_string(names.size()) +
                                                  " names, got " + std::to_string(as.size()));
  return detail::check_tensor_names(as.empty() ? names : as, as.empty() ? "names" : "as");
}

std::optional<std::size_t> index_of(const Tensors& tensors, const std::string& name) {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == name) return i;
  return std::nullopt;
}

void set_frame(const CallContext& call, const Frame* frame) {
  if (frame)
    call.set_frame(*frame);
  else
    call.clear_frame();
}

/// The frames of selected tensors: one for all, or one each.
void set_frames(const CallContext& call, const std::vector<const Frame*>& frames) {
  const Frame* const first = frames[0];
  if (std::all_of(frames.begin(), frames.end(), [&](const Frame* one) { return detail::same_frame(one, first); }))
    return set_frame(call, first);
  std::vector<std::optional<Frame>> each;
  each.reserve(frames.size());
  for (const Frame* frame : frames) each.push_back(frame ? std::optional<Frame>(*frame) : std::nullopt);
  call.set_element_frames(std::move(each));
  call.clear_frame();
}

Result<Tensors> select_many(const SelectMany& wanted, Tensors tensors, const CallContext& call) {
  Tensors selected;
  std::vector<const Frame*> frames;
  for (std::size_t i = 0; i < wanted.names.size(); ++i) {
    const auto index = index_of(tensors, wanted.names[i]);
    if (!index) return no_tensor(tensors, wanted.names[i]);
    selected.add(wanted.as[i], tensors[*index].tensor);
    frames.push_back(call.element_frame(*index));
  }
  set_frames(call, frames);
  return selected;
}

/// Calls `work(slot)` for each slot that is ok; an exception fails the slot.
template <class Work>
void for_each_good(Span<Slot> slots, Work work) {
  for (Slot& slot : slots) {
    if (!slot.ok()) continue;
    try {
      work(slot);
    } catch (...) {
      slot.fail(detail::translate_exception());
    }
  }
}

/// The items of a tuple or list as Tensors; this step does not know the C++ type.
class BundleStep final : public Step {
 public:
  BundleStep(const TypeInfo& in, std::shared_ptr<const std::vector<std::string>> names)
      : in_(in), names_(std::move(names)) {}

  void run(Span<Slot> slots, Context&) const override {
    for_each_good(slots, [&](Slot& slot) {
      const void* const data = slot.value().data();
      const std::size_t count = in_.tuple ? in_.tuple->arity : in_.list->size(data);
      if (count != names_->size())
        return slot.fail(Error(ErrorCode::kInvalidArgument, "expected " + std::to_string(names_->size()) +
                                                                " tensors, got " + std::to_string(count)));
      Tensors tensors;
      for (std::size_t i = 0; i < count; ++i)
        tensors.add((*names_)[i],
                    *static_cast<const Tensor*>(in_.tuple ? in_.tuple->at(data, i) : in_.list->at(data, i)));
      slot.set_form(Value(std::move(tensors)));
    });
  }

 private:
  const TypeInfo& in_;
  std::shared_ptr<const std::vector<std::string>> names_;
};

class BundleKernel final : public Kernel {
 public:
  BundleKernel(const TypeInfo& in, std::vector<std::string> names)
      : in_(in), names_(std::make_shared<const std::vector<std::string>>(std::move(names))) {}
  std::unique_ptr<Step> make_step() const override { return std::make_unique<BundleStep>(in_, names_); }

 private:
  const TypeInfo& in_;
  std::shared_ptr<const std::vector<std::string>> names_;
};

class ItemStep final : public Step {
 public:
  ItemStep(const TypeInfo& in, const TypeInfo& out, std::size_t index) : in_(in), out_(out), index_(index) {}

  void run(Span<Slot> slots, Context&) const override {
    for_each_good(slots, [&](Slot& slot) {
      if (in_.tuple) return take(slot, out_.copy(in_.tuple->at(slot.value().data(), index_)));
      auto& items = slot.get<detail::InputValues>().items;
      if (index_ >= items.size() || !items[index_].has_value() || !detail::same_type(items[index_].type(), out_))
        return slot.fail(
            Error(ErrorCode::kInvalidArgument,
                  "expected " + out_.name() + " as item " + std::to_string(index_) + ", got " +
                      (index_ < items.size() && items[index_].has_value() ? items[index_].type().name() : "nothing")));
      take(slot, Value(std::move(items[index_])));
    });
  }

 private:
  void take(Slot& slot, Value item) const {
    if (slot.frames().have_elements_others()) slot.frames() = slot.frames().element(index_);
    slot.set_form(std::move(item));
  }

  const TypeInfo& in_;
  const TypeInfo& out_;
  const std::size_t index_;
};

class ItemKernel final : public Kernel {
 public:
  ItemKernel(const TypeInfo& in, const TypeInfo& out, std::size_t index) : in_(in), out_(out), index_(index) {}
  std::unique_ptr<Step> make_step() const override { return std::make_unique<ItemStep>(in_, out_, index_); }

 private:
  const TypeInfo& in_;
  const TypeInfo& out_;
  const std::size_t index_;
};

}  // namespace

detail::InputValues::InputValues(const InputValues& other) {
  items.reserve(other.items.size());
  for (const Value& item : other.items) {
    items.push_back(item.has_value() ? item.copy() : Value());
    if (item.has_value() && !items.back().has_value())
      throw ResultError(Error(ErrorCode::kUnsupported, "a " + item.type().name() + " cannot be copied"));
  }
}

NodePtr detail::pass_node(const TypeInfo& type) {
  auto node = std::make_shared<Node>();
  node->kind = "chain";
  node->name = "pass";
  node->in = node->out = &type;
  return node;
}

Result<void> detail::check_tensor_names(const std::vector<std::string>& names, const char* what) {
  if (names.empty() || names.size() > kMaxNames)
    return Error(ErrorCode::kInvalidArgument, std::string(what) + ": needs 1.." + std::to_string(kMaxNames) +
                                                  " names, got " + std::to_string(names.size()));
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name.empty()) return Error(ErrorCode::kInvalidArgument, std::string(what) + ": a name is empty");
    if (!seen.insert(name).second)
      return Error(ErrorCode::kInvalidArgument, std::string(what) + ": '" + name + "' appears twice");
  }
  return {};
}

NodePtr detail::make_bundle_node(const TypeInfo& in, std::vector<std::string> names) {
  auto node = std::make_shared<Node>();
  node->kind = node->name = "bundle";
  node->in = &in;
  node->out = &type_of<Tensors>();
  if (auto ok = check_tensor_names(names, "names"); !ok) node->error = std::move(ok).error();
  node->params.text = "names=" + list_of(names);
  node->kernel = std::make_shared<BundleKernel>(in, std::move(names));
  return node;
}

NodePtr detail::make_item_node(const TypeInfo& in, const TypeInfo& out, std::size_t index, const std::string& name) {
  auto node = std::make_shared<Node>();
  node->kind = node->name = "select";
  node->in = &in;
  node->out = &out;
  node->params.text = name.empty() ? "item=" + std::to_string(index) : "name=" + name;
  if (out.copy == nullptr)
    node->error =
        Error(ErrorCode::kInvalidArgument, "what is selected must be of a type that can be copied, not " + out.name());
  node->kernel = std::make_shared<ItemKernel>(in, out, index);
  return node;
}

Stage<Tensors, Tensor> select(const std::string& name) {
  Result<void> check;
  if (name.empty()) check = Error(ErrorCode::kInvalidArgument, "name: is empty");
  return detail::make_op<Tensors, Tensor>(
      "select", name, "name=" + name, check,
      [](const std::string& wanted, Tensors tensors, const CallContext& call) -> Result<Tensor> {
        const auto index = index_of(tensors, wanted);
        if (!index) return no_tensor(tensors, wanted);
        set_frame(call, call.element_frame(*index));
        return tensors[*index].tensor;
      });
}

Stage<Tensors, Tensors> select(std::vector<std::string> names, std::vector<std::string> as) {
  Result<void> check = check_select(names, as);
  std::string text = "names=" + list_of(names) + (as.empty() ? "" : ", as=" + list_of(as));
  if (as.empty()) as = names;
  return detail::make_op<Tensors, Tensors>("select", SelectMany{std::move(names), std::move(as)}, std::move(text),
                                           check, select_many);
}

Stage<std::vector<Tensor>, Tensors> bundle_list(std::vector<std::string> names) {
  return Stage<std::vector<Tensor>, Tensors>(
      detail::make_bundle_node(detail::type_of<std::vector<Tensor>>(), std::move(names)));
}

}  // namespace gantry::inline GANTRY_ABI

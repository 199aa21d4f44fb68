// SPDX-License-Identifier: Apache-2.0
// Running golden cases.
#include "package/golden_check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/tensor_difference.hpp"

namespace gantry::detail {
namespace {

std::string case_name(std::size_t index) {
  return "golden[" + std::to_string(index) + "]";
}

Error mismatch(const std::string& at, const std::string& difference) {
  return Error(ErrorCode::kFailedPrecondition, difference)
      .with_reason(ErrorReason::kGoldenMismatch)
      .within(at.empty() ? "result" : at);
}

constexpr std::size_t kMaxModelInputBytes = std::size_t{64} << 20;

std::size_t bytes_of(const Tensors& tensors) {
  std::size_t bytes = 0;
  for (const NamedTensor& item : tensors) bytes += item.tensor.size_bytes();
  return bytes;
}

bool are_equal(const Tensors& a, const Tensors& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (tensor_difference(a[i].tensor, b[i].tensor, Tolerance())) return false;
  return true;
}

/// Compares what passes a boundary of one case with what was recorded there, and keeps what models are given.
class CaseObserver final : public StepObserver {
 public:
  using InputsByModel = std::map<std::string, std::vector<Tensors>>;

  CaseObserver(const GoldenCase& golden, const GoldenCodecs& codecs, InputsByModel& model_inputs)
      : golden_(golden), codecs_(codecs), model_inputs_(model_inputs) {}

  void before_model(const std::string& name, const Tensors& inputs) override {
    last_model_ = name;
    std::vector<Tensors>& of_model = model_inputs_[name];
    std::size_t bytes = bytes_of(inputs);
    for (const Tensors& kept : of_model) {
      if (are_equal(kept, inputs)) return;
      bytes += bytes_of(kept);
    }
    if (bytes <= kMaxModelInputBytes || of_model.size() < 2) keep(inputs, of_model);
  }

  void after(const std::string& path, Span<Slot> slots) override {
    for (const GoldenBoundary& boundary : golden_.stages)
      if (boundary.at == path && !mistake_) compare(boundary, Span<const Slot>(slots.data(), slots.size()));
  }

  /// The first mismatch.
  const std::optional<Error>& mistake() const { return mistake_; }
  /// The model that had run last when that was found, or now; empty if none had.
  const std::string& last_model() const { return mistake_ ? model_of_mistake_ : last_model_; }
  /// A boundary that is recorded, and that nothing passed.
  std::optional<Error> unpassed() const {
    for (const GoldenBoundary& boundary : golden_.stages)
      if (compared_.count(boundary.at) == 0) return mismatch(boundary.at, "is recorded, but nothing passed there");
    return std::nullopt;
  }
  std::size_t compared() const { return compared_.size(); }

 private:
  /// A copy, which what comes after in the pipeline cannot write to.
  static void keep(const Tensors& inputs, std::vector<Tensors>& kept) {
    Tensors copy;
    for (const NamedTensor& item : inputs) {
      auto own = item.tensor.clone();
      if (!own) return;  // without it less is proven
      copy.add(item.name, *std::move(own));
    }
    kept.push_back(std::move(copy));
  }

  void compare(const GoldenBoundary& boundary, Span<const Slot> slots) {
    std::vector<PayloadRef> values;
    for (const Slot& slot : slots) {
      if (!slot.ok()) return;  // the run fails, and says so
      values.emplace_back(slot.value());
    }
    const bool is_inside_compound = boundary.at.find('.') != std::string::npos;
    auto difference = is_inside_compound ? codecs_.difference_of_list(values, boundary.value, boundary.tolerance)
                                         : codecs_.difference(values[0], boundary.value, boundary.tolerance);
    if (!difference)
      mistake_ = difference.error().within(boundary.at);
    else if (*difference)
      mistake_ = mismatch(boundary.at, **difference);
    if (mistake_) model_of_mistake_ = last_model_;
    compared_.insert(boundary.at);
  }

  const GoldenCase& golden_;
  const GoldenCodecs& codecs_;
  InputsByModel& model_inputs_;
  std::set<std::string> compared_;
  std::string last_model_;
  std::optional<Error> mistake_;
  std::string model_of_mistake_;
};

Result<void> compare_result(const Result<Value>& result, const GoldenCase& golden, const GoldenCodecs& codecs) {
  if (!result) return result.error();
  auto difference = codecs.difference(PayloadRef(*result), golden.result.value, golden.result.tolerance);
  if (!difference) return difference.error().within("result");
  if (*difference) return mismatch("", **difference);
  return {};
}

/// The recorded inputs of a case as the one value that the pipeline takes.
Result<Value> load_inputs(const TypeInfo& in, const std::vector<PipelineInput>& inputs, const GoldenCase& golden,
                          const GoldenCodecs& codecs) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto value = codecs.load(golden.inputs[i], *inputs[i].type);
    if (!value) return value.error().within(inputs[i].name.empty() ? "input" : "inputs." + inputs[i].name);
    values.push_back(*std::move(value));
  }
  if (inputs.size() == 1) return std::move(values[0]);
  return join_inputs(in, inputs, std::move(values));
}

}  // namespace

Result<GoldenCheck> GoldenCheck::load(const TypeInfo& in, const std::vector<PipelineInput>& inputs,
                                      const std::vector<GoldenCase>& cases, const Codecs& codecs,
                                      const PackageFiles& files) {
  GoldenCheck check(cases, GoldenCodecs(codecs, files));
  if (!cases.empty() && in.copy == nullptr)
    return Error(ErrorCode::kUnsupported, "golden cases need an input that can be copied, got " + in.name());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto input = load_inputs(in, inputs, cases[i], check.codecs_);
    if (!input) return input.error().within(case_name(i));
    check.inputs_.push_back(*std::move(input));
  }
  return check;
}

Result<void> GoldenCheck::run_alone(const PipelineCore& pipeline, std::size_t index) {
  std::vector<Value> inputs;
  inputs.push_back(inputs_[index].copy());
  CaseObserver observer(cases_[index], codecs_, model_inputs_);
  const auto results = pipeline.run_observed(std::move(inputs), observer);
  auto ok = [&]() -> Result<void> {
    if (observer.mistake()) return *observer.mistake();
    if (!results[0]) return results[0].error();
    if (auto unpassed = observer.unpassed()) return *unpassed;
    return compare_result(results[0], cases_[index], codecs_);
  }();
  if (!ok) {
    model_at_fault_ = observer.last_model();
    return ok.error().within(case_name(index));
  }
  boundaries_ += observer.compared() + 1;
  return {};
}

const std::vector<Tensors>& GoldenCheck::model_inputs(const std::string& name) const {
  static const std::vector<Tensors> none;
  const auto found = model_inputs_.find(name);
  return found == model_inputs_.end() ? none : found->second;
}

Result<void> GoldenCheck::run_together(const PipelineCore& pipeline, int max_batch) const {
  if (inputs_.empty()) return {};
  const std::size_t count = std::max(inputs_.size(), static_cast<std::size_t>(max_batch));
  std::vector<Value> replicated;
  replicated.reserve(count);
  for (std::size_t i = 0; i < count; ++i) replicated.push_back(inputs_[i % inputs_.size()].copy());
  const auto results = pipeline.run_trial(std::move(replicated));
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::size_t which = i % cases_.size();
    if (auto ok = compare_result(results[i], cases_[which], codecs_); !ok)
      return ok.error()
          .within("item " + std::to_string(i) + " of a batch of " + std::to_string(count))
          .within(case_name(which));
  }
  return {};
}

}  // namespace gantry::detail

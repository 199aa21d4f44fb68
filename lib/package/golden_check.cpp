// SPDX-License-Identifier: Apache-2.0
// Running golden cases.
#include "package/golden_check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "core/tensor_difference.hpp"
#include "runtime/on_worker.hpp"
#include "runtime/parts.hpp"

namespace gantry::inline GANTRY_ABI::detail {
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

/// Whether `inputs` differ from all of `kept`, and there is room.
bool is_worth_keeping(const Tensors& inputs, const std::vector<Tensors>& kept) {
  std::size_t bytes = bytes_of(inputs);
  for (const Tensors& other : kept) {
    if (are_equal(other, inputs)) return false;
    bytes += bytes_of(other);
  }
  return bytes <= kMaxModelInputBytes || kept.size() < 2;
}

/// Compares the values at the boundaries of one case with the recorded ones, and keeps the inputs of models.
class CaseObserver final : public StepObserver {
 public:
  using InputsByModel = std::map<std::string, std::vector<Tensors>>;

  CaseObserver(const GoldenCase& golden, const GoldenCodecs& codecs, InputsByModel& model_inputs)
      : golden_(golden), codecs_(codecs), model_inputs_(model_inputs) {}

  void before_model(const std::string& name, const Tensors& inputs) override {
    last_model_ = name;
    if (is_worth_keeping(inputs, model_inputs_[name])) keep(inputs, model_inputs_[name]);
  }

  void after(const std::string& path, Span<Slot> slots) override {
    for (const GoldenBoundary& boundary : golden_.stages)
      if (boundary.at == path && !mistake_) compare(boundary, Span<const Slot>(slots.data(), slots.size()));
  }

  /// The first mismatch.
  const std::optional<Error>& mistake() const { return mistake_; }
  /// The last model that ran before the mistake, or so far; empty if none ran.
  const std::string& last_model() const { return mistake_ ? model_of_mistake_ : last_model_; }
  /// An error if no value passed one of the recorded boundaries.
  std::optional<Error> unpassed() const {
    for (const GoldenBoundary& boundary : golden_.stages)
      if (compared_.count(boundary.at) == 0) return mismatch(boundary.at, "is recorded, but nothing passed there");
    return std::nullopt;
  }
  std::size_t compared() const { return compared_.size(); }

 private:
  /// Keeps a copy: later ops may write to the original.
  static void keep(const Tensors& inputs, std::vector<Tensors>& kept) {
    Tensors copy;
    for (const NamedTensor& item : inputs) {
      auto own = item.tensor.clone();
      if (!own) return;  // a missing copy only proves less
      copy.add(item.name, *std::move(own));
    }
    kept.push_back(std::move(copy));
  }

  void compare(const GoldenBoundary& boundary, Span<const Slot> slots) {
    std::vector<PayloadRef> values;
    for (const Slot& slot : slots) {
      if (!slot.ok()) return;  // the run fails and reports it
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
  GANTRY_RETURN_IF_ERROR(result);
  auto difference = codecs.difference(PayloadRef(*result), golden.result.value, golden.result.tolerance);
  if (!difference) return difference.error().within("result");
  if (*difference) return mismatch("", **difference);
  return {};
}

/// Loads the recorded inputs of a case as the one value that the pipeline takes.
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

GoldenCheck::Outcome GoldenCheck::run_case(const PipelineCore& pipeline, std::size_t index) const {
  Outcome outcome;
  std::vector<Value> inputs;
  inputs.push_back(inputs_[index].copy());
  CaseObserver observer(cases_[index], codecs_, outcome.model_inputs);
  const auto results = pipeline.run_observed(std::move(inputs), observer);
  const auto ok = [&]() -> Result<void> {
    GANTRY_RETURN_IF_ERROR(observer.mistake());
    GANTRY_RETURN_IF_ERROR(results[0]);
    GANTRY_RETURN_IF_ERROR(observer.unpassed());
    return compare_result(results[0], cases_[index], codecs_);
  }();
  if (!ok) outcome.error = ok.error();
  outcome.last_model = observer.last_model();
  outcome.boundaries = observer.compared() + 1;
  return outcome;
}

Result<void> GoldenCheck::take(std::size_t index, Outcome outcome) {
  if (outcome.error) {
    model_at_fault_ = outcome.last_model;
    return outcome.error->within(case_name(index));
  }
  boundaries_ += outcome.boundaries;
  for (auto& [name, all] : outcome.model_inputs) {
    std::vector<Tensors>& kept = model_inputs_[name];
    for (Tensors& inputs : all)
      if (is_worth_keeping(inputs, kept)) kept.push_back(std::move(inputs));
  }
  return {};
}

Result<void> GoldenCheck::run_alone(const PipelineCore& pipeline, std::size_t index) {
  return take(index, run_case(pipeline, index));
}

Result<void> GoldenCheck::run_all_alone(const PipelineCore& pipeline, RuntimeCore& runtime) {
  const RuntimeOptions& options = runtime.options();
  // With several intra-op threads, the OpenMP team is for the engine's own loops.
  const std::size_t threads = options.intra_op_threads > 1 ? 1 : static_cast<std::size_t>(options.workers);
  const std::size_t at_once = 4 * threads;  // cases whose model inputs are kept at a time
  for (std::size_t begin = 0; begin < size(); begin += at_once) {
    std::vector<Outcome> outcomes(std::min(at_once, size() - begin));
    const auto run = [&](std::size_t i) { outcomes[i] = run_case(pipeline, begin + i); };
    GANTRY_RETURN_IF_ERROR(do_on_worker(
        runtime, [&](Job job) { runtime.post(std::move(job)); },
        [&] { run_parts(runtime, threads, outcomes.size(), run); }));
    for (std::size_t i = 0; i < outcomes.size(); ++i) GANTRY_RETURN_IF_ERROR(take(begin + i, std::move(outcomes[i])));
  }
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

}  // namespace gantry::inline GANTRY_ABI::detail

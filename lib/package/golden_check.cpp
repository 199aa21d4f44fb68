// SPDX-License-Identifier: Apache-2.0
// Running golden cases.
#include "package/golden_check.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "package/golden_value.hpp"

namespace gantry::detail {
namespace {

std::string case_name(std::size_t index) {
  return "golden[" + std::to_string(index) + "]";
}

Error mismatch(const std::string& at, const std::string& difference) {
  return Error(ErrorCode::kFailedPrecondition, difference).within(at.empty() ? "result" : at);
}

/// Compares what passes a boundary of one case with what was recorded there.
class BoundaryObserver final : public StepObserver {
 public:
  BoundaryObserver(const GoldenCase& golden, const PackageFiles& files) : golden_(golden), files_(files) {}

  void after(const std::string& path, Span<const Slot> slots) override {
    for (const GoldenBoundary& boundary : golden_.stages)
      if (boundary.at == path && !mistake_) compare(boundary, slots);
  }

  /// The first mismatch, or a boundary that nothing passed.
  std::optional<Error> mistake() const {
    if (mistake_) return mistake_;
    for (const GoldenBoundary& boundary : golden_.stages)
      if (compared_.count(boundary.at) == 0) return mismatch(boundary.at, "is recorded, but nothing passed there");
    return std::nullopt;
  }
  std::size_t compared() const { return compared_.size(); }

 private:
  void compare(const GoldenBoundary& boundary, Span<const Slot> slots) {
    std::vector<const Value*> values;
    for (const Slot& slot : slots) {
      if (!slot.ok()) return;  // the run fails, and says so
      values.push_back(&slot.value());
    }
    const bool is_inside_compound = boundary.at.find('.') != std::string::npos;
    auto difference = is_inside_compound ? compare_list_with_golden(values, boundary.value, boundary.tolerance, files_)
                                         : compare_with_golden(*values[0], boundary.value, boundary.tolerance, files_);
    if (!difference)
      mistake_ = difference.error().within(boundary.at);
    else if (*difference)
      mistake_ = mismatch(boundary.at, **difference);
    compared_.insert(boundary.at);
  }

  const GoldenCase& golden_;
  const PackageFiles& files_;
  std::set<std::string> compared_;
  std::optional<Error> mistake_;
};

Result<void> compare_result(const Result<Value>& result, const GoldenCase& golden, const PackageFiles& files) {
  if (!result) return result.error();
  auto difference = compare_with_golden(*result, golden.result.value, golden.result.tolerance, files);
  if (!difference) return difference.error().within("result");
  if (*difference) return mismatch("", **difference);
  return {};
}

Result<void> check_alone(const PipelineCore& pipeline, const Value& input, const GoldenCase& golden,
                         const PackageFiles& files, GoldenReport& report) {
  std::vector<Value> inputs;
  inputs.push_back(input.copy());
  BoundaryObserver observer(golden, files);
  const auto results = pipeline.run_observed(std::move(inputs), observer);
  if (results[0])
    if (auto mistake = observer.mistake()) return *mistake;
  if (auto ok = compare_result(results[0], golden, files); !ok) return ok;
  ++report.cases;
  report.boundaries += observer.compared() + 1;
  return {};
}

Result<void> check_replicated(const PipelineCore& pipeline, const std::vector<Value>& inputs,
                              const std::vector<GoldenCase>& cases, const PackageFiles& files, int max_batch) {
  const std::size_t count = std::max(inputs.size(), static_cast<std::size_t>(max_batch));
  std::vector<Value> replicated;
  replicated.reserve(count);
  for (std::size_t i = 0; i < count; ++i) replicated.push_back(inputs[i % inputs.size()].copy());
  const auto results = pipeline.run_batch(std::move(replicated), {});
  for (std::size_t i = 0; i < results.size(); ++i) {
    const std::size_t which = i % cases.size();
    if (auto ok = compare_result(results[i], cases[which], files); !ok)
      return ok.error()
          .within("item " + std::to_string(i) + " of a batch of " + std::to_string(count))
          .within(case_name(which));
  }
  return {};
}

}  // namespace

Result<GoldenReport> check_golden(const PipelineCore& pipeline, const TypeInfo& in,
                                  const std::vector<GoldenCase>& cases, const PackageFiles& files, int max_batch) {
  GoldenReport report;
  if (cases.empty()) return report;
  if (in.copy == nullptr)
    return Error(ErrorCode::kUnsupported, "golden cases need an input that can be copied, got " + in.name());
  std::vector<Value> inputs;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto input = load_golden_value(cases[i].input, in, files);
    if (!input) return input.error().within(case_name(i) + ".input");
    if (auto ok = check_alone(pipeline, *input, cases[i], files, report); !ok) return ok.error().within(case_name(i));
    inputs.push_back(*std::move(input));
  }
  if (auto ok = check_replicated(pipeline, inputs, cases, files, max_batch); !ok) return std::move(ok).error();
  return report;
}

}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
#include "pipeline/run_until.hpp"

#include <utility>
#include <vector>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Takes the values that come out of one stage, so that none is left for the stages after it.
class Interceptor final : public StepObserver {
 public:
  explicit Interceptor(const std::string& path) : path_(path) {}

  void after(const std::string& path, Span<Slot> slots) override {
    if (path != path_) return;
    for (Slot& slot : slots) {
      if (!slot.ok()) continue;
      taken_.push_back(std::move(slot.value()));
      slot.fail(Error(ErrorCode::kCancelled, "the run ends at this stage"));
      slot.take_fresh();
    }
  }
  std::vector<Value>& taken() { return taken_; }

 private:
  const std::string& path_;
  std::vector<Value> taken_;
};

std::string list_stages(const std::vector<StageStats>& stages) {
  std::string text;
  for (const StageStats& stage : stages) text += (text.empty() ? "" : ", ") + stage.path + " " + stage.name;
  return text;
}

}  // namespace

Result<std::string> find_stage(const PipelineCore& core, std::string_view text) {
  const auto stages = core.stats();
  std::vector<StageStats> named;
  for (const StageStats& stage : stages) {
    if (stage.path == text) return stage.path;
    if (stage.name == text) named.push_back(stage);
  }
  if (named.size() == 1) return named[0].path;
  if (named.empty())
    return Error(ErrorCode::kInvalidArgument,
                 "no stage '" + std::string(text) + "'; there are: " + list_stages(stages));
  return Error(ErrorCode::kInvalidArgument,
               "several stages are called '" + std::string(text) + "'; give the path of one: " + list_stages(named));
}

Result<Value> run_until(const PipelineCore& core, Value input, const std::string& path) {
  Interceptor interceptor(path);
  std::vector<Value> inputs;
  inputs.push_back(std::move(input));
  const auto results = core.run_observed(std::move(inputs), interceptor);
  std::vector<Value>& taken = interceptor.taken();
  if (taken.empty()) {
    GANTRY_RETURN_IF_ERROR(results[0]);
    return Error(ErrorCode::kFailedPrecondition,
                 "stage " + path + " did not run for this input: another branch was taken, or its list was empty");
  }
  if (path.find(".do[") == std::string::npos) return std::move(taken[0]);
  const TypeInfo& type = taken[0].type();
  if (type.list_of == nullptr)
    return Error(ErrorCode::kUnsupported,
                 "stage " + path + " gave a list of " + type.name() + ", and lists nest at most two deep");
  return type.list_of().list->collect(taken.data(), taken.size());
}

}  // namespace gantry::inline GANTRY_ABI::detail

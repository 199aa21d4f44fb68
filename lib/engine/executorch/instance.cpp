// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/instance.hpp"

#include <executorch/extension/threadpool/threadpool_guard.h>

#include <algorithm>
#include <new>
#include <utility>

#include "core/error_or_out_of_memory.hpp"
#include "core/return_if_error.hpp"
#include "engine/executorch/call_log.hpp"
#include "engine/executorch/platform.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

// Makes ExecuTorch compute and load on the calling thread only.
using NoThreadPool = ::executorch::extension::threadpool::NoThreadPoolGuard;

/// The current exception as an Error. An abort inside ExecuTorch's noexcept code still ends the process.
Error translate(const CallLog& log, const char* what) noexcept {
  try {
    throw;
  } catch (const Aborted&) {
    return detail::error_or_out_of_memory([&] {
      return Error(ErrorCode::kModelError,
                   std::string(what) + ": " + log.reason(::executorch::runtime::Error::InvalidState));
    });
  } catch (const std::bad_alloc&) {
    return Error::out_of_memory();
  } catch (const std::exception& error) {
    return detail::error_or_out_of_memory(
        [&] { return Error(ErrorCode::kModelError, std::string(what) + ": " + error.what()); });
  } catch (...) {
    return detail::error_or_out_of_memory([&] { return Error(ErrorCode::kModelError, what); });
  }
}

std::string describe_sizes(const Variant& variant, const Signature& signature) {
  std::string text;
  for (std::size_t i = 0; i < variant.inputs.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text += variant.takes_smaller[i] ? "up to " : "";
    text += describe(signature.inputs()[i].dtype, variant.inputs[i]);
  }
  return text;
}

}  // namespace

std::size_t SharedModel::arena_size() const {
  std::size_t size = 0;
  for (const Variant& variant : variants) size += variant.arena_size();
  return size;
}

Instance::Instance(std::shared_ptr<SharedModel> model) : model_(std::move(model)) {
  ++model_->instances;
}

Instance::~Instance() {
  const NoThreadPool on_this_thread;
  methods_.clear();
  --model_->instances;
}

Result<std::unique_ptr<Instance>> Instance::make(std::shared_ptr<SharedModel> model) {
  std::unique_ptr<Instance> instance(new Instance(std::move(model)));
  const NoThreadPool on_this_thread;
  const CallLog log;
  try {
    GANTRY_RETURN_IF_ERROR(instance->load());
    return instance;
  } catch (...) {
    return translate(log, "cannot be loaded");
  }
}

Result<void> Instance::load() {
  // One path for all methods of the instance: XNNPACK serialises methods of equal path, and these run one at a time
  // anyway.
  const std::string path = model_->packed ? model_->packed->next_path() : "";
  for (const Variant& variant : model_->variants) {
    GANTRY_ASSIGN_OR_RETURN(auto method, LoadedMethod::load(variant, path, allocators_));
    methods_.push_back(std::move(method));
  }
  return {};
}

std::vector<std::vector<bool>> Instance::takes_smaller() {
  std::vector<std::vector<bool>> all;
  for (std::size_t v = 0; v < methods_.size(); ++v) {
    std::vector<bool> inputs;
    for (std::size_t i = 0; i < model_->variants[v].inputs.size(); ++i) inputs.push_back(methods_[v]->takes_smaller(i));
    all.push_back(std::move(inputs));
  }
  return all;
}

Result<std::size_t> Instance::find_variant(const Tensors& inputs) const {
  const auto& variants = model_->variants;
  std::size_t found = variants.size();
  for (std::size_t v = 0; v < variants.size(); ++v) {
    if (variants[v].computes_exactly(sizes_)) return v;
    if (variants[v].computes(sizes_) &&
        (found == variants.size() || variants[v].arena_size() < variants[found].arena_size()))
      found = v;
  }
  if (found < variants.size()) return found;
  std::string came;
  for (std::size_t i = 0; i < sizes_.size(); ++i)
    came += (i == 0 ? "" : ", ") + describe(inputs[i].tensor.dtype(), sizes_[i]);
  std::string known;
  for (const Variant& variant : variants)
    known += (known.empty() ? "" : "; ") + describe_sizes(variant, model_->signature);
  return Error(ErrorCode::kInvalidArgument, "the model was not exported for " + came + "; it computes " + known +
                                                "; export it for these sizes, too");
}

Result<Tensors> Instance::compute(const Tensors& inputs) {
  sizes_.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    sizes_[i].clear();
    for (const std::int64_t extent : inputs[i].tensor.shape())
      sizes_[i].push_back(static_cast<std::int32_t>(std::min<std::int64_t>(extent, INT32_MAX)));
  }
  GANTRY_ASSIGN_OR_RETURN(const auto variant, find_variant(inputs));
  return methods_[variant]->run(inputs, sizes_, model_->signature.outputs());
}

Result<Tensors> Instance::run(const Tensors& inputs, const EngineCall&) {
  const NoThreadPool on_this_thread;
  const CallLog log;
  ++model_->running;
  auto computed = [&]() -> Result<Tensors> {
    if (is_broken_)
      return Error(ErrorCode::kUnavailable, "an earlier call left this instance in a state that ExecuTorch cannot use")
          .with_reason(ErrorReason::kUnhealthy);
    try {
      return compute(inputs);
    } catch (const Aborted&) {
      is_broken_ = true;
      return translate(log, "the model failed");
    } catch (...) {
      return translate(log, "the model failed");
    }
  }();
  --model_->running;
  return computed;
}

}  // namespace gantry::inline GANTRY_ABI::executorch

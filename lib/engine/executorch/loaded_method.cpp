// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/loaded_method.hpp"

#include <executorch/runtime/backend/backend_options_map.h>
#include <executorch/runtime/backend/options.h>
#include <executorch/runtime/core/portable_type/tensor_impl.h>

#include <cstring>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/executorch/call_log.hpp"
#include "engine/executorch/kernel_libraries.hpp"
#include "engine/executorch/scalar_types.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

namespace et = ::executorch::runtime;
using et::etensor::TensorImpl;

constexpr std::size_t kArenaAlignment = 64;
// A value of WorkspaceSharingMode. With the default, all methods of the process share one workspace and compute one at
// a time.
constexpr int kSharedByMethodsOfAnInstance = 1;

Error explain_load_failure(et::Error error, const CallLog& log) {
  const char* const what = "cannot be loaded";
  if (error == et::Error::OperatorMissing) {
    const std::string problem = KernelLibraries::problem();
    return Error(
        ErrorCode::kUnsupported,
        "needs operators that ExecuTorch " GANTRY_EXECUTORCH_VERSION " does not have here: " + log.reason(error) +
            (problem.empty() ? "" : "; " + problem + ": install it beside libexecutorch.so"));
  }
  if (error == et::Error::NotFound)
    return log.error(error, ErrorCode::kUnsupported,
                     "needs a delegate that is not here; this engine has XNNPACK's, which needs /proc to be mounted");
  return log.error(error, ErrorCode::kInvalidArgument, what);
}

/// Loads further operator libraries until the method finds all its operators.
et::Result<et::Method> load_with_kernels(const et::Program& program, const char* name, et::MemoryManager* memory,
                                         const et::LoadBackendOptionsMap& options, CallLog& log) {
  for (;;) {
    std::size_t known = 0;
    {
      const std::shared_lock lock(KernelLibraries::mutex());
      known = KernelLibraries::count();
      log.clear();
      auto method = program.load_method(name, memory, nullptr, nullptr, &options);
      if (method.ok() || method.error() != et::Error::OperatorMissing) return method;
    }
    if (!KernelLibraries::load_beyond(known)) return et::Error::OperatorMissing;
  }
}

bool is_aligned(const Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.data()) % size_of(tensor.dtype()) == 0;
}

}  // namespace

void LoadedMethod::plan_memory(const Variant& variant, Allocators& allocators) {
  for (const std::size_t size : variant.arena_bytes) {
    auto* const arena =
        static_cast<std::uint8_t*>(::operator new[](size > 0 ? size : 1, std::align_val_t{kArenaAlignment}));
    arenas_.emplace_back(arena);
    std::memset(arena, 0, size);  // the model's mutable buffers are here and start at 0
    spans_.emplace_back(arena, size);
  }
  planned_.emplace(et::Span<et::Span<std::uint8_t>>(spans_.data(), spans_.size()));
  memory_.emplace(&allocators.methods, &*planned_, &allocators.temporaries);
}

Result<std::unique_ptr<LoadedMethod>> LoadedMethod::load(const Variant& variant, const std::string& packed_path,
                                                         Allocators& allocators) {
  std::unique_ptr<LoadedMethod> loaded(new LoadedMethod(variant.file));
  loaded->plan_memory(variant, allocators);
  et::BackendOptions<3> options;
  options.set_option("workspace_sharing_mode", kSharedByMethodsOfAnInstance);
  options.set_option("weight_cache_enabled", !packed_path.empty());
  if (!packed_path.empty()) options.set_option("packed_cache_path", packed_path.c_str());
  et::LoadBackendOptionsMap map;
  map.set_options("XnnpackBackend", options.view());
  CallLog log;
  auto method = load_with_kernels(variant.file->program(), variant.method.c_str(), &*loaded->memory_, map, log);
  if (!method.ok()) return explain_load_failure(method.error(), log).within(variant.title());
  loaded->method_.emplace(std::move(*method));
  return loaded;
}

bool LoadedMethod::takes_smaller(std::size_t index) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // MethodMeta, which is to be asked instead, does not say it
  const et::EValue& input = method_->get_input(index);
#pragma GCC diagnostic pop
  return input.isTensor() && input.toTensor().shape_dynamism() != et::TensorShapeDynamism::STATIC;
}

Result<void> LoadedMethod::set_input(std::size_t index, const Tensor& input, Sizes& sizes) {
  std::uint8_t order[Shape::kMaxRank];
  std::int32_t strides[Shape::kMaxRank];
  std::int32_t stride = 1;
  for (std::size_t d = sizes.size(); d-- > 0;) {
    order[d] = static_cast<std::uint8_t>(d);
    strides[d] = stride;
    stride *= sizes[d];
  }
  TensorImpl impl(to_scalar_type(input.dtype()), static_cast<ssize_t>(sizes.size()), sizes.data(),
                  const_cast<void*>(input.data()), order, strides, et::TensorShapeDynamism::STATIC);
  const CallLog log;
  const auto error = method_->set_input(et::EValue(et::etensor::Tensor(&impl)), index);
  if (error != et::Error::Ok)
    return log.error(error, ErrorCode::kModelError, "input " + std::to_string(index) + " is refused");
  return {};
}

Result<Tensor> LoadedMethod::take_output(std::size_t index) const {
  const et::EValue& value = method_->get_output(index);
  if (!value.isTensor()) return Error(ErrorCode::kModelError, "it is no tensor");
  const auto& output = value.toTensor();
  const auto dtype = to_dtype(output.scalar_type());
  if (!dtype) return Error(ErrorCode::kModelError, "it is of a type that gantry does not have");
  const std::vector<std::int64_t> extents(output.sizes().begin(), output.sizes().end());
  auto copy = Tensor::make(*dtype, Shape(Span<const std::int64_t>(extents)));
  if (copy && copy->size_bytes() > 0) {
    if (output.const_data_ptr() == nullptr) return Error(ErrorCode::kModelError, "it has no data");
    std::memcpy(copy->mutable_data(), output.const_data_ptr(), copy->size_bytes());
  }
  return copy;
}

Result<Tensors> LoadedMethod::run(const Tensors& inputs, std::vector<Sizes>& sizes,
                                  const std::vector<TensorSpec>& outputs) {
  std::vector<Tensor> aligned;  // aligned copies of inputs; kept until the method is done
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor* input = &inputs[i].tensor;
    if (!is_aligned(*input)) {
      GANTRY_ASSIGN_OR_RETURN(auto copy, input->clone());
      aligned.push_back(std::move(copy));
      input = &aligned.back();
    }
    GANTRY_RETURN_IF_ERROR(set_input(i, *input, sizes[i]));
  }
  const CallLog log;
  const auto error = method_->execute();
  if (error != et::Error::Ok) return log.error(error, ErrorCode::kModelError, "the model failed");
  Tensors results;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    auto output = take_output(i);
    if (!output) return output.error().within("output '" + outputs[i].name + "'");
    results.add(outputs[i].name, *std::move(output));
  }
  return results;
}

}  // namespace gantry::inline GANTRY_ABI::executorch

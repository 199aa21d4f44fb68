// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/engine.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "engine/executorch/instance.hpp"
#include "engine/executorch/platform.hpp"
#include "engine/executorch/program.hpp"
#include "engine/executorch/variant.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

using Files = std::vector<std::shared_ptr<const ProgramFile>>;

class ExecutorchEngine final : public Engine {
 public:
  ExecutorchEngine(std::shared_ptr<SharedModel> model, Files files, EngineInfo info, std::unique_ptr<Instance> first,
                   std::size_t weights_of_an_instance)
      : model_(std::move(model)),
        files_(std::move(files)),
        info_(std::move(info)),
        weights_of_an_instance_(weights_of_an_instance),
        first_(std::move(first)) {}

  const EngineInfo& info() const override { return info_; }

  Result<std::unique_ptr<EngineInstance>> make_instance(int) override {
    {
      const detail::MutexLock lock(mutex_);
      if (first_) return std::unique_ptr<EngineInstance>(std::move(first_));
    }
    GANTRY_ASSIGN_OR_RETURN(auto instance, Instance::make(model_));
    return std::unique_ptr<EngineInstance>(std::move(instance));
  }

  ModelMemory memory() const override {
    const std::size_t instances = model_->instances;
    const std::size_t running = std::min<std::size_t>(model_->running, instances);
    ModelMemory memory;
    for (const auto& file : files_) memory.weights_bytes += file->size();
    memory.weights_bytes += model_->packed ? model_->packed->size() : instances * weights_of_an_instance_;
    memory.in_use_bytes = running * model_->arena_size();
    memory.retained_bytes = (instances - running) * model_->arena_size();
    return memory;
  }

 private:
  const std::shared_ptr<SharedModel> model_;
  const Files files_;
  const EngineInfo info_;
  const std::size_t weights_of_an_instance_;  // an estimate: the bytes it requested, which it packs
  detail::Mutex mutex_;
  std::unique_ptr<Instance> first_ GANTRY_GUARDED_BY(mutex_);  // made on loading, for the first make_instance()
};

Result<bool> read_share_packed_weights(const LoadRequest& request) {
  const EngineOptions options = request.options();
  OptionReader reader(options);
  const bool share = reader.boolean("share_packed_weights", true);
  GANTRY_RETURN_IF_ERROR(reader.finish());
  return share;
}

/// All variants of a file. A file for one batch size must compute that size.
Result<void> add_variants(const EngineFile& file, const std::shared_ptr<const ProgramFile>& program,
                          const Signature& signature, std::vector<Variant>& variants) {
  for (const std::string& method : program->methods()) {
    GANTRY_ASSIGN_OR_RETURN(auto variant, read_variant(program, method, signature));
    if (file.batch != 0 && variant.batch != file.batch)
      return Error(ErrorCode::kInvalidArgument, "computes " + std::to_string(variant.batch) +
                                                    " samples, the package says " + std::to_string(file.batch))
          .within(variant.title());
    for (const Variant& other : variants)
      if (other.inputs == variant.inputs)
        return Error(ErrorCode::kInvalidArgument, "computes the same sizes as " + other.title())
            .within(variant.title());
    variants.push_back(std::move(variant));
  }
  return {};
}

/// EngineInfo::batch_sizes; empty if there are no batches, or any number of samples is computed.
Result<std::vector<int>> batch_sizes_of(const SharedModel& model, int max_batch) {
  if (!model.signature.has_batch_axis()) return std::vector<int>{};
  std::set<int> sizes;
  int most = 0;
  bool is_free = false;
  for (const Variant& variant : model.variants) {
    sizes.insert(static_cast<int>(variant.batch));
    most = std::max(most, static_cast<int>(variant.batch));
    is_free = is_free || variant.has_free_batch();
  }
  if (!is_free) return std::vector<int>(sizes.begin(), sizes.end());
  if (max_batch > most)
    return Error(ErrorCode::kInvalidArgument, "was exported for at most " + std::to_string(most) +
                                                  " samples, and up to " + std::to_string(max_batch) +
                                                  " are to be merged; export it for more, or set max_batch to " +
                                                  std::to_string(most));
  return std::vector<int>{};
}

Result<std::shared_ptr<SharedModel>> read_model(const LoadRequest& request, Files& files) {
  auto model = std::make_shared<SharedModel>();
  model->signature = request.signature;
  for (const EngineFile& file : request.files) {
    auto program = ProgramFile::open(file.file, request.file_memory);
    if (!program) return program.error().within("'" + file.file.name() + "'");
    files.push_back(*program);
    GANTRY_RETURN_IF_ERROR(add_variants(file, *program, request.signature, model->variants));
  }
  return model;
}

/// Packs the weights into memory that all instances share. The instance that packs them keeps this memory locked while
/// it lives, so it is destroyed afterwards and never serves.
Result<void> pack_weights(const std::shared_ptr<SharedModel>& model) {
  model->packed = PackedWeights::make();
  if (!model->packed) return {};
  GANTRY_ASSIGN_OR_RETURN(auto packing, Instance::make(model));
  packing.reset();
  if (!model->packed->seal()) model->packed = nullptr;  // the model has no weights that XNNPACK packs
  return {};
}

std::size_t bytes_given(const Files& files) {
  std::size_t bytes = 0;
  for (const auto& file : files) bytes += file->bytes_given();
  return bytes;
}

EngineInfo describe_engine(const SharedModel& model, std::vector<int> batch_sizes) {
  EngineInfo info;
  info.kind = "executorch";
  info.description = "ExecuTorch " GANTRY_EXECUTORCH_VERSION ", cpu";
  if (model.packed) info.description += ", packed weights shared";
  info.device = Device::cpu();
  info.max_threads = 1;
  info.batch_sizes = std::move(batch_sizes);
  info.matching = "inputs by position, outputs by position";
  for (const Variant& variant : model.variants) info.mutates_inputs = info.mutates_inputs || !variant.copies_inputs;
  return info;
}

Result<std::unique_ptr<Engine>> load_checked(const LoadRequest& request, bool share) {
  Files files;
  GANTRY_ASSIGN_OR_RETURN(auto model, read_model(request, files));
  if (share && (request.instances > 1 || model->variants.size() > 1)) GANTRY_RETURN_IF_ERROR(pack_weights(model));
  const std::size_t before = bytes_given(files);
  GANTRY_ASSIGN_OR_RETURN(auto first, Instance::make(model));
  const auto takes_smaller = first->takes_smaller();
  for (std::size_t v = 0; v < takes_smaller.size(); ++v) model->variants[v].takes_smaller = takes_smaller[v];
  auto batch_sizes = batch_sizes_of(*model, request.max_batch);
  if (!batch_sizes) return batch_sizes.error().within("'" + files.front()->name() + "'");
  const std::size_t weights = bytes_given(files) - before;
  EngineInfo info = describe_engine(*model, *std::move(batch_sizes));
  return std::unique_ptr<Engine>(std::make_unique<ExecutorchEngine>(std::move(model), std::move(files), std::move(info),
                                                                    std::move(first), weights));
}

}  // namespace

Result<std::unique_ptr<Engine>> load_engine(const LoadRequest& request) {
  if (!request.device.is_cpu())
    return Error(ErrorCode::kUnsupported, "the ExecuTorch engine computes on the CPU, not on " +
                                              request.device.to_string() + "; choose another engine for it");
  GANTRY_ASSIGN_OR_RETURN(const auto share, read_share_packed_weights(request));
  take_over_platform();
  return load_checked(request, share);
}

}  // namespace gantry::inline GANTRY_ABI::executorch

// SPDX-License-Identifier: Apache-2.0
// Loading, freezing and alias analysis; and convolutions in full precision on a GPU.
#include "engine/torchscript_file.hpp"

#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

#include "engine/thread_state.hpp"
#include "engine/torch_error.hpp"

namespace gantry::libtorch {
namespace {

/// Gives LibTorch the file. It reads past the end while it looks for the zip directory, and wants no error then.
class FileReader final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit FileReader(ModelFile file) : file_(std::move(file)) {}
  std::size_t size() const override { return static_cast<std::size_t>(file_.size()); }
  std::size_t read(std::uint64_t offset, void* target, std::size_t size, const char*) const override {
    const std::uint64_t left = file_.size() - std::min(file_.size(), offset);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, left));
    const auto done = file_.read(offset, target, count);
    if (done) return count;
    failure_ = done.error();
    return 0;
  }
  /// Why a read failed, which LibTorch does not tell.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  const ModelFile file_;
  mutable std::optional<Error> failure_;
};

/// True if a block, or one inside it, assigns an attribute or writes to the memory of one.
bool writes_to_attributes(const torch::jit::Block* block, const torch::jit::AliasDb& aliases) {
  return std::any_of(block->nodes().begin(), block->nodes().end(), [&](const torch::jit::Node* node) {
    if (node->kind() == c10::prim::SetAttr) return true;
    if (node->kind() == c10::prim::GetAttr && aliases.hasWriters(node->output())) return true;
    return std::any_of(node->blocks().begin(), node->blocks().end(),
                       [&](const torch::jit::Block* inner) { return writes_to_attributes(inner, aliases); });
  });
}

/// Fills in what forward() writes to. Errs on the side of true.
void analyse_writes(TorchScriptFile& file) {
  const auto graph = file.module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  const torch::jit::AliasDb aliases(graph);
  const auto inputs = graph->inputs();
  file.mutates_inputs = std::any_of(inputs.begin() + 1, inputs.end(),  // the first one is self
                                    [&](const torch::jit::Value* input) { return aliases.hasWriters(input); });
  file.has_state = writes_to_attributes(graph->block(), aliases);
}

/// The last argument of a traced convolution is whether cuDNN may round to TensorFloat-32, as it was set in the process
/// that traced. Switched off, like the setting of this process (cuda_loader.cpp), which such a convolution ignores.
void convolve_in_full_precision(torch::jit::Block* block) {
  static const auto kConvolution = c10::Symbol::fromQualString("aten::_convolution");
  constexpr std::size_t kAllowTf32 = 12;
  for (torch::jit::Node* node : block->nodes()) {
    for (torch::jit::Block* inner : node->blocks()) convolve_in_full_precision(inner);
    if (node->kind() != kConvolution || node->inputs().size() <= kAllowTf32) continue;
    const torch::jit::WithInsertPoint here(node);
    node->replaceInput(kAllowTf32, node->owningGraph()->insertConstant(false));
  }
}

void convolve_in_full_precision(const torch::jit::Module& module) {
  for (const torch::jit::Module& part : module.modules())
    for (const torch::jit::Method& method : part.get_methods()) convolve_in_full_precision(method.graph()->block());
}

/// Of all parameters and buffers; those that share their memory count once.
std::size_t weights_of(const torch::jit::Module& module) {
  std::unordered_set<const c10::StorageImpl*> storages;
  std::size_t bytes = 0;
  const auto add = [&](const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.has_storage()) return;  // a sparse one
    const c10::Storage& storage = tensor.storage();
    if (storages.insert(storage.unsafeGetStorageImpl()).second) bytes += storage.nbytes();
  };
  for (const at::Tensor& tensor : module.parameters()) add(tensor);
  for (const at::Tensor& tensor : module.buffers()) add(tensor);
  return bytes;
}

/// Freezing inlines the weights as constants and folds what is constant. The model also runs without.
void freeze(TorchScriptFile& file) {
  try {
    file.module = torch::jit::freeze(file.module);
  } catch (...) {
    file.why_not_frozen = translate_torch_exception(ErrorCode::kModelError).message();
  }
}

}  // namespace

Result<TorchScriptFile> load_torchscript_file(const ModelFile& source, c10::Device device) {
  const auto reader = std::make_shared<FileReader>(source);
  try {
    const ThreadScope thread(1);
    // Onto the CPU first: a file saved on a device that this machine lacks loads as well.
    TorchScriptFile file{torch::jit::load(reader, c10::Device(c10::kCPU)), {}};
    if (!file.module.find_method("forward"))
      return Error(ErrorCode::kInvalidArgument, "the TorchScript module has no forward()");
    file.module.eval();
    if (!device.is_cpu()) {
      file.module.to(device);
      convolve_in_full_precision(file.module);
    }
    file.weights_bytes = weights_of(file.module);
    freeze(file);
    analyse_writes(file);
    return file;
  } catch (...) {
    if (reader->failure()) return *reader->failure();
    return translate_torch_exception(ErrorCode::kInvalidArgument);
  }
}

}  // namespace gantry::libtorch

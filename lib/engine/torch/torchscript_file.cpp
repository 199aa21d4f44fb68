// SPDX-License-Identifier: Apache-2.0
// Loads and freezes a file, without prints, and with convolutions in full precision on a GPU.
#include "engine/torch/torchscript_file.hpp"

#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <exception>
#include <gantry/libtorch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/torch/forward_hooks.hpp"
#include "engine/torch/graph_walk.hpp"
#include "engine/torch/thread_state.hpp"
#include "engine/torch/torch_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

/// Gives LibTorch the file. LibTorch reads past the end when it looks for the zip directory, and expects no error.
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
  /// Why a read failed, which LibTorch does not report.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  const ModelFile file_;
  mutable std::optional<Error> failure_;
};

/// A model's print() would go to the host's stdout.
void remove_prints(torch::jit::Block* block) {
  for (auto node = block->nodes().begin(); node != block->nodes().end(); ++node) {
    for (torch::jit::Block* inner : node->blocks()) remove_prints(inner);
    if (const auto subgraph = subgraph_of(*node)) remove_prints(subgraph->block());
    if (node->kind() == c10::prim::Print) node.destroyCurrent();
  }
}

/// The last argument of a traced convolution says whether cuDNN may round to TensorFloat-32. It was set by the process
/// that traced, and overrides the setting of this process (cuda_loader.cpp), so it is switched off.
void convolve_in_full_precision(torch::jit::Block* block) {
  static const auto kConvolution = c10::Symbol::fromQualString("aten::_convolution");
  constexpr std::size_t kAllowTf32 = 12;
  for_each_node(block, [](torch::jit::Node* node) {
    if (node->kind() != kConvolution || node->inputs().size() <= kAllowTf32) return;
    const torch::jit::WithInsertPoint here(node);
    node->replaceInput(kAllowTf32, node->owningGraph()->insertConstant(false));
  });
}

/// The bytes of all parameters and buffers; shared memory counts once.
std::size_t weights_of(const torch::jit::Module& module) {
  std::unordered_set<const c10::StorageImpl*> storages;
  std::size_t bytes = 0;
  const auto add = [&](const at::Tensor& tensor) {
    if (!tensor.defined() || !tensor.has_storage()) return;  // a sparse tensor
    const c10::Storage& storage = tensor.storage();
    if (storages.insert(storage.unsafeGetStorageImpl()).second) bytes += storage.nbytes();
  };
  for (const at::Tensor& tensor : module.parameters()) add(tensor);
  for (const at::Tensor& tensor : module.buffers()) add(tensor);
  return bytes;
}

/// Methods that freezing must keep. It inlines and then removes them, but errors still read their names, through
/// pointers that would dangle.
std::vector<std::string> other_methods(const torch::jit::Module& module) {
  std::vector<std::string> names;
  for (const torch::jit::Method& method : module.get_methods())
    if (method.name() != "forward") names.push_back(method.name());
  return names;
}

/// Freezing inlines the weights and folds constants. A model that cannot be frozen still runs.
void freeze(TorchScriptFile& file) {
  if (!file.effects.why_not_freeze.empty()) {
    file.why_not_frozen = file.effects.why_not_freeze;
    return;
  }
  try {
    const torch::jit::Module frozen = torch::jit::freeze(file.module, other_methods(file.module));
    if (file.effects.writes_state && analyse_forward(frozen).writes_constants) {
      file.why_not_frozen = "freezing would share its state among instances";
      return;
    }
    file.module = frozen;
  } catch (...) {
    file.why_not_frozen = translate_torch_exception(ErrorCode::kModelError).message();
  }
}

/// The name after `text` in a message of LibTorch; empty if it does not contain `text`.
std::string name_behind(const std::string& message, const std::string& text) {
  const auto at = message.find(text);
  if (at == std::string::npos) return "";
  const std::string rest = message.substr(at + text.size());
  std::string name = rest.substr(0, rest.find_first_of(" '\n,;()"));
  while (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

/// Explains an error of reading the code, such as an operator or a class that is not registered.
Error explain_load_failure(const std::string& message, const Error& otherwise) {
  std::string name = name_behind(message, "Unknown builtin op: ");
  const bool is_operator = !name.empty();
  if (name.empty()) name = name_behind(message, "Unknown type name '__torch__.torch.classes.");
  if (name.empty()) return otherwise;
  const std::string what = std::string("the model needs the ") + (is_operator ? "operator '" : "class '") + name +
                           "', which this process lacks";
  if (name.substr(0, 6) == "aten::" || name.substr(0, 6) == "prim::")
    return Error(ErrorCode::kUnsupported, what + ": it was made with another version of LibTorch than " + version());
  return Error(ErrorCode::kUnsupported,
               what +
                   "; give the library that defines it in libtorch::Options::libraries, or pack "
                   "it with the model (\"options\": {\"libraries\": [...]})");
}

/// The part of load_torchscript_file() after LibTorch has read the file.
Result<TorchScriptFile> prepare(torch::jit::Module module, c10::Device device) {
  if (!module.find_method("forward"))
    return Error(ErrorCode::kInvalidArgument, "the TorchScript module has no forward()");
  module.eval();
  TorchScriptFile file{with_hooks(module), {}, {}};
  for (const auto& graph : all_graphs(file.module)) remove_prints(graph->block());
  if (!device.is_cpu()) {
    file.module.to(device);
    for (const auto& graph : all_graphs(file.module)) convolve_in_full_precision(graph->block());
  }
  file.weights_bytes = weights_of(file.module);
  file.effects = analyse_forward(file.module);
  if (file.effects.writes_constants)
    return Error(ErrorCode::kUnsupported,
                 "forward() writes to a tensor that is a constant of its code, which all that run it share; make it a "
                 "buffer of the module, and save it without freezing");
  freeze(file);
  return file;
}

}  // namespace

Result<TorchScriptFile> load_torchscript_file(const ModelFile& source, c10::Device device) {
  const auto reader = std::make_shared<FileReader>(source);
  try {
    const ThreadScope thread(1);
    // To the CPU first, so that a file saved on a device that this machine lacks also loads.
    return prepare(torch::jit::load(reader, c10::Device(c10::kCPU)), device);
  } catch (const std::exception& error) {
    if (reader->failure()) return *reader->failure();
    return explain_load_failure(error.what(), translate_torch_exception(ErrorCode::kInvalidArgument));
  } catch (...) {
    return translate_torch_exception(ErrorCode::kInvalidArgument);
  }
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

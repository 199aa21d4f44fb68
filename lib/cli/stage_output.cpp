// SPDX-License-Identifier: Apache-2.0
#include "cli/stage_output.hpp"

#include <cstring>
#include <gantry/bytes.hpp>
#include <gantry/image.hpp>
#include <gantry/tensor.hpp>
#include <optional>
#include <vector>

namespace gantry::cli {
namespace {

using detail::Slot;
using detail::Value;

template <class T>
const T* as(const Value& value) {
  return detail::same_type(value.type(), detail::type_of<T>()) ? &value.get<T>() : nullptr;
}

Result<Tensor> stack(const std::vector<Tensor>& items) {
  if (items.size() == 1) return items[0].contiguous();
  const Tensor& first = items[0];
  auto stacked = Tensor::make(first.dtype(), first.shape().with_front(static_cast<std::int64_t>(items.size())));
  if (!stacked) return stacked;
  auto* to = static_cast<std::byte*>(stacked->mutable_data());
  for (const Tensor& item : items) {
    if (item.shape() != first.shape() || item.dtype() != first.dtype())
      return Error(ErrorCode::kUnsupported, "this stage gave tensors of different shapes, " + first.to_string() +
                                                " and " + item.to_string() + ", which one .npy file cannot hold");
    const auto dense = item.contiguous();
    if (!dense) return dense;
    std::memcpy(to, dense->data(), dense->size_bytes());
    to += dense->size_bytes();
  }
  return stacked;
}

Result<Tensor> to_tensor(const Value& value) {
  if (const auto* tensor = as<Tensor>(value)) return tensor->clone();
  if (const auto* image = as<Image>(value)) return image->pixels().clone();
  if (const auto* bytes = as<Bytes>(value))
    return Tensor::from<std::uint8_t>({bytes->data(), bytes->size()}, {static_cast<std::int64_t>(bytes->size())});
  if (const auto* tensors = as<Tensors>(value); tensors && tensors->size() == 1) return (*tensors)[0].tensor.clone();
  if (const auto* images = as<std::vector<Image>>(value); images && !images->empty()) {
    std::vector<Tensor> items;
    for (const Image& image : *images) items.push_back(image.pixels());
    return stack(items);
  }
  return Error(ErrorCode::kUnsupported, "this stage gives " + value.type().name() +
                                            ", which a .npy file cannot hold; stages that give a Tensor, an Image or "
                                            "Bytes can be written");
}

/// Keeps what one boundary gave.
class Recorder final : public detail::StepObserver {
 public:
  explicit Recorder(std::string path) : path_(std::move(path)) {}

  void after(const std::string& path, Span<const Slot> slots) override {
    if (path != path_) return;
    for (const Slot& slot : slots) {
      if (!slot.ok() || problem_) continue;
      auto tensor = to_tensor(slot.value());
      if (tensor)
        items_.push_back(*std::move(tensor));
      else
        problem_ = tensor.error();
    }
  }
  const std::vector<Tensor>& items() const { return items_; }
  const std::optional<Error>& problem() const { return problem_; }

 private:
  std::string path_;
  std::vector<Tensor> items_;
  std::optional<Error> problem_;
};

std::string list_stages(const std::vector<StageStats>& stages) {
  std::string text;
  for (const StageStats& stage : stages) text += (text.empty() ? "" : ", ") + stage.path + " " + stage.name;
  return text;
}

}  // namespace

Result<std::string> find_stage(const detail::PipelineCore& core, const std::string& text) {
  const auto stages = core.stats();
  std::vector<StageStats> named;
  for (const StageStats& stage : stages) {
    if (stage.path == text) return stage.path;
    if (stage.name == text) named.push_back(stage);
  }
  if (named.size() == 1) return named[0].path;
  if (named.empty())
    return Error(ErrorCode::kInvalidArgument, "no stage '" + text + "'; there are: " + list_stages(stages));
  return Error(ErrorCode::kInvalidArgument,
               "several stages are called '" + text + "'; give the path of one: " + list_stages(named));
}

Result<Tensor> run_until(const detail::PipelineCore& core, Value input, const std::string& path) {
  Recorder recorder(path);
  std::vector<Value> inputs;
  inputs.push_back(std::move(input));
  const auto results = core.run_observed(std::move(inputs), recorder);
  if (recorder.problem()) return *recorder.problem();
  if (!recorder.items().empty()) return stack(recorder.items());
  if (!results[0]) return results[0].error();
  return Error(ErrorCode::kFailedPrecondition,
               "stage " + path + " did not run for this input: another branch was taken, or its list was empty");
}

}  // namespace gantry::cli

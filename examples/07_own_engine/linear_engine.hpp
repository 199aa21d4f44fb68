// SPDX-License-Identifier: Apache-2.0
// A custom engine: y = scale * (W x + b). Its model file is text: the number of outputs and of inputs, then for each
// output b and its row of W. A package says "kind": "linear", and may say "options": {"scale": 2}.
#pragma once
#include <gantry/engine_loader.hpp>
#include <sstream>

namespace acme {
using namespace gantry;

struct LinearModel {
  std::size_t outputs = 0, inputs = 0;
  std::vector<float> rows;  // for each output: b, W[0], W[1], ...
};

class LinearEngine final : public Engine, public EngineInstance {  // it has no state, so each instance is a copy
 public:
  explicit LinearEngine(std::shared_ptr<const LinearModel> model) : model_(std::move(model)) {
    info_.kind = info_.description = "linear";
  }
  const EngineInfo& info() const override { return info_; }
  Result<std::unique_ptr<EngineInstance>> make_instance(int) override {
    return std::unique_ptr<EngineInstance>(std::make_unique<LinearEngine>(model_));
  }
  Result<Tensors> run(const Tensors& inputs, const EngineCall&) override {
    const Tensor& x = inputs[0].tensor;  // f32[batch, inputs], contiguous: checked against the signature
    auto y = Tensor::zeros(DType::kF32, {x.shape()[0], static_cast<std::int64_t>(model_->outputs)});
    if (!y) return y.error();
    const Span<float> out = y->mutable_values<float>().value();
    for (std::size_t i = 0; i < out.size(); ++i) {
      const float* row = &model_->rows[i % model_->outputs * (model_->inputs + 1)];
      const float* sample = x.values<float>()->data() + i / model_->outputs * model_->inputs;
      out[i] = *row++;
      for (std::size_t j = 0; j < model_->inputs; ++j) out[i] += row[j] * sample[j];
    }
    return Tensors{{"y", *y}};
  }

 private:
  const std::shared_ptr<const LinearModel> model_;
  EngineInfo info_;
};

class LinearLoader final : public EngineLoader {
 public:
  std::string kind() const override { return "linear"; }
  std::string version() const override { return "1"; }
  Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const override {
    OptionReader reader(request.options());
    const auto scale = static_cast<float>(reader.number("scale", 1));
    if (auto ok = reader.finish(); !ok) return ok.error();
    const auto bytes = request.files[0].file.pages(request.file_memory);
    if (!bytes) return bytes.error();
    std::istringstream file(std::string(bytes->begin(), bytes->end()));
    auto model = std::make_shared<LinearModel>();
    file >> model->outputs >> model->inputs;
    for (float number = 0; file >> number;) model->rows.push_back(scale * number);
    const TensorSpec& x = request.signature.inputs()[0];
    if (model->outputs == 0 || model->rows.size() != model->outputs * (model->inputs + 1) || x.dtype != DType::kF32 ||
        x.dims.size() != 2 || x.dims[1].extent != static_cast<std::int64_t>(model->inputs))
      return Error(ErrorCode::kInvalidArgument, "is no linear model for " + x.to_string());
    return std::unique_ptr<Engine>(std::make_unique<LinearEngine>(std::move(model)));
  }
};
}  // namespace acme

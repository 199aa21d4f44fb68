// SPDX-License-Identifier: Apache-2.0
// Checks that an AOTInductor package was compiled for every call that a signature allows.
#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/compiled_model.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

std::string text_of(const CompiledDim& dim) {
  return dim.symbol.empty() ? std::to_string(dim.size) : dim.symbol;
}

std::string text_of(const CompiledTensor& tensor) {
  std::string text = std::string(to_string(tensor.dtype)) + "[";
  for (std::size_t i = 0; i < tensor.dims.size(); ++i) text += (i > 0 ? ", " : "") + text_of(tensor.dims[i]);
  return text + "]";
}

std::string range_of(std::int64_t min, std::int64_t max) {
  if (max == kNoBound) return "at least " + std::to_string(min);
  if (max == min) return std::to_string(min);
  if (min <= 1) return "at most " + std::to_string(max);
  return std::to_string(min) + " to " + std::to_string(max);
}

bool is_equal(const Dim& a, const Dim& b) {
  return a.symbol == b.symbol && (a.is_symbolic() || a.extent == b.extent);
}

std::string text_of(const Dim& dim) {
  return dim.is_symbolic() ? dim.symbol : std::to_string(dim.extent);
}

/// Compares one signature with what was compiled, and maps the code's symbols to the signature.
class Comparison {
 public:
  Comparison(const Signature& signature, std::int64_t merged, std::int64_t batch)
      : output_symbols_(signature.output_symbols()),
        takes_one_sample_(signature.has_batch_axis() && !signature.can_share_calls()),
        merged_(signature.can_share_calls() && batch == 0 ? merged : 0),
        batch_(signature.can_share_calls() ? batch : 0) {}

  Result<void> compare_input(const CompiledTensor& compiled, const TensorSpec& spec, std::size_t place) {
    if (!compiled.is_contiguous)
      return refuse(compiled, spec, "its memory layout is not the usual one, and gantry's tensors are contiguous");
    GANTRY_RETURN_IF_ERROR(compare_type(compiled, spec));
    for (std::size_t i = 0; i < spec.dims.size(); ++i)
      GANTRY_RETURN_IF_ERROR(compare_input_dim(compiled, spec, place, i));
    return {};
  }

  Result<void> compare_output(const CompiledTensor& compiled, const TensorSpec& spec) const {
    GANTRY_RETURN_IF_ERROR(compare_type(compiled, spec));
    for (std::size_t i = 0; i < spec.dims.size(); ++i) {
      const CompiledDim& dim = compiled.dims[i];
      if (is_free(spec.dims[i]) || is_one_sample(dim, spec.dims[i]) || is_fixed_batch(dim, spec.dims[i], i)) continue;
      const auto bound = symbols_.find(dim.symbol);
      const bool fits = dim.symbol.empty()        ? !spec.dims[i].is_symbolic() && spec.dims[i].extent == dim.size
                        : bound != symbols_.end() ? is_equal(bound->second, spec.dims[i])
                                                  : true;  // an expression: checked in each call's result
      if (!fits) return refuse_dim(compiled, spec, i);
    }
    return {};
  }

  /// A size that only outputs have may be anything; it is checked in each call's result.
  bool is_free(const Dim& dim) const {
    return std::find(output_symbols_.begin(), output_symbols_.end(), dim.symbol) != output_symbols_.end();
  }

  /// If samples never share a call, the code may be compiled for one sample.
  bool is_one_sample(const CompiledDim& dim, const Dim& wanted) const {
    return takes_one_sample_ && dim.symbol.empty() && dim.size == 1 && wanted.symbol == "batch";
  }

  /// If all calls have the same number of samples, the code may be compiled for it.
  bool is_fixed_batch(const CompiledDim& dim, const Dim& wanted, std::size_t place) const {
    return batch_ != 0 && place == 0 && dim.symbol.empty() && dim.size == batch_ && wanted.symbol == "batch";
  }

  std::vector<SizeBound> take_bounds() { return std::move(bounds_); }

 private:
  static Error refuse(const CompiledTensor& compiled, const TensorSpec& spec, const std::string& why) {
    return Error(ErrorCode::kInvalidArgument, "the model does not fit its signature, which has '" + spec.to_string() +
                                                  "': it was compiled for " + text_of(compiled) + "; " + why);
  }

  static Error refuse_dim(const CompiledTensor& compiled, const TensorSpec& spec, std::size_t dim) {
    return refuse(compiled, spec,
                  "dimension " + std::to_string(dim) + " is " + text_of(compiled.dims[dim]) + " there and " +
                      text_of(spec.dims[dim]) + " in the signature");
  }

  static Result<void> compare_type(const CompiledTensor& compiled, const TensorSpec& spec) {
    if (compiled.dtype != spec.dtype) return refuse(compiled, spec, "the dtypes differ");
    if (compiled.dims.size() != spec.dims.size()) return refuse(compiled, spec, "the numbers of dimensions differ");
    return {};
  }

  Result<void> compare_input_dim(const CompiledTensor& compiled, const TensorSpec& spec, std::size_t place,
                                 std::size_t i) {
    const CompiledDim& dim = compiled.dims[i];
    const Dim& wanted = spec.dims[i];
    if (dim.symbol.empty()) {
      if (is_one_sample(dim, wanted)) {  // a batch that the host made may have more
        bounds_.push_back({place, i, 1, 1});
        return {};
      }
      if (is_fixed_batch(dim, wanted, i)) {
        bounds_.push_back({place, i, batch_, batch_});
        return {};
      }
      if (wanted.is_symbolic() || wanted.extent != dim.size) return refuse_dim(compiled, spec, i);
      return {};
    }
    const auto [known, is_new] = symbols_.try_emplace(dim.symbol, wanted);
    if (!is_new && !is_equal(known->second, wanted))
      return refuse(compiled, spec,
                    "dimension " + std::to_string(i) + ", '" + dim.symbol + "', is also " + text_of(known->second) +
                        " in the signature, and must be one thing there");
    if (!wanted.is_symbolic()) {
      if (wanted.extent >= dim.min && wanted.extent <= dim.max) return {};
      return refuse(compiled, spec, "dimension " + std::to_string(i) + " must be " + range_of(dim.min, dim.max));
    }
    if (wanted.symbol == "batch" && i == 0 && batch_ != 0 && (batch_ < dim.min || batch_ > dim.max))
      return refuse(compiled, spec,
                    "it is to compute " + std::to_string(batch_) + " samples, and takes " + range_of(dim.min, dim.max));
    if (wanted.symbol == "batch" && i == 0 && merged_ > dim.max)
      return refuse(compiled, spec,
                    "its code takes at most " + std::to_string(dim.max) + " samples a call, and max_batch is " +
                        std::to_string(merged_) + "; set ModelOptions::max_batch");
    if (dim.min > 1 || dim.max != kNoBound) bounds_.push_back({place, i, dim.min, dim.max});
    return {};
  }

  const std::vector<std::string>& output_symbols_;
  const bool takes_one_sample_;
  std::int64_t merged_;
  const std::int64_t batch_;
  std::map<std::string, Dim> symbols_;
  std::vector<SizeBound> bounds_;
};

}  // namespace

Result<std::vector<SizeBound>> check_signature(const CompiledModel& model, const CallMap& call,
                                               const Signature& signature, std::int64_t merged, std::int64_t batch) {
  Comparison comparison(signature, merged, batch);
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    const std::size_t place = call.inputs[i];
    GANTRY_RETURN_IF_ERROR(comparison.compare_input(model.inputs[i], signature.inputs()[place], place));
  }
  for (std::size_t i = 0; i < call.outputs.size(); ++i)
    GANTRY_RETURN_IF_ERROR(comparison.compare_output(*model.outputs[call.outputs[i]], signature.outputs()[i]));
  return comparison.take_bounds();
}

std::int64_t fixed_batch(const CompiledModel& model, const CallMap& call, const Signature& signature) {
  if (!signature.can_share_calls() || call.inputs.empty() || model.inputs[0].dims.empty()) return 0;
  const CompiledDim& dim = model.inputs[0].dims[0];
  return dim.symbol.empty() ? dim.size : 0;
}

Result<void> check_sizes(const std::vector<SizeBound>& bounds, const Tensors& inputs) {
  for (const SizeBound& bound : bounds) {
    const std::int64_t size = inputs[bound.input].tensor.shape()[bound.dim];
    if (size >= bound.min && size <= bound.max) continue;
    return Error(ErrorCode::kInvalidArgument, "input '" + inputs[bound.input].name + "': dimension " +
                                                  std::to_string(bound.dim) + " is " + std::to_string(size) +
                                                  ", and the model was compiled for " + range_of(bound.min, bound.max));
  }
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/variant.hpp"

#include <executorch/runtime/executor/method_meta.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/executorch/call_log.hpp"
#include "engine/executorch/scalar_types.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

namespace et = ::executorch::runtime;
using Bound = std::map<std::string, std::int32_t>;

struct TensorMeta {
  std::optional<DType> dtype;
  std::string type;  ///< as ExecuTorch numbers it, where gantry has no such type
  Sizes sizes;
  bool is_row_major = true;
  bool is_planned = true;
};

TensorMeta read_meta(const et::TensorInfo& info) {
  TensorMeta meta;
  meta.dtype = to_dtype(info.scalar_type());
  meta.type = "type " + std::to_string(static_cast<int>(info.scalar_type()));
  meta.sizes.assign(info.sizes().begin(), info.sizes().end());
  const auto order = info.dim_order();
  for (std::size_t i = 0; i < order.size(); ++i) meta.is_row_major = meta.is_row_major && order[i] == i;
  meta.is_planned = info.is_memory_planned();
  return meta;
}

std::string describe(const TensorMeta& meta) {
  return meta.dtype ? executorch::describe(*meta.dtype, meta.sizes) : meta.type;
}

/// Whether sizes agree with `spec`. A symbol is bound where `binds`, and where only compared, if it is bound.
bool agrees(const TensorMeta& meta, const TensorSpec& spec, Bound& bound, bool binds) {
  if (meta.dtype != spec.dtype || meta.sizes.size() != spec.dims.size()) return false;
  for (std::size_t i = 0; i < spec.dims.size(); ++i) {
    const Dim& dim = spec.dims[i];
    if (!dim.is_symbolic()) {
      if (dim.extent != meta.sizes[i]) return false;
    } else if (binds) {
      if (bound.emplace(dim.symbol, meta.sizes[i]).first->second != meta.sizes[i]) return false;
    } else if (dim.symbol == "batch") {  // others of outputs are compared when they are computed
      if (bound.at(dim.symbol) != meta.sizes[i]) return false;
    }
  }
  return true;
}

/// Of input or output `index`, as `tag` and `info` give them.
Result<TensorMeta> meta_of(const et::Result<et::Tag>& tag, const et::Result<et::TensorInfo>& info,
                           const std::string& what) {
  if (!tag.ok() || *tag != et::Tag::Tensor || !info.ok())
    return Error(ErrorCode::kUnsupported, what + " is no tensor; export the model with tensors alone");
  TensorMeta meta = read_meta(*info);
  if (!meta.is_row_major)
    return Error(ErrorCode::kUnsupported,
                 what + " is not row-major (channels_last, or permuted); export the model with contiguous examples");
  return meta;
}

Error counts_differ(const char* what, std::size_t here, std::size_t expected) {
  return Error(ErrorCode::kInvalidArgument,
               "has " + std::to_string(here) + " " + what + "s, the signature has " + std::to_string(expected));
}

Error differs(const char* what, const TensorMeta& meta, const TensorSpec& spec) {
  return Error(ErrorCode::kInvalidArgument, std::string(what) + " '" + spec.name + "' is " + describe(meta) +
                                                ", the signature says " + spec.to_string());
}

Result<void> read_inputs(const et::MethodMeta& meta, const Signature& signature, Bound& bound, Variant& variant) {
  const auto& specs = signature.inputs();
  if (meta.num_inputs() != specs.size()) return counts_differ("input", meta.num_inputs(), specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto input,
                            meta_of(meta.input_tag(i), meta.input_tensor_meta(i), "input '" + specs[i].name + "'"));
    if (!agrees(input, specs[i], bound, true)) return differs("input", input, specs[i]);
    variant.inputs.push_back(input.sizes);
    variant.copies_inputs = variant.copies_inputs && input.is_planned;
  }
  if (signature.has_batch_axis()) variant.batch = bound.at("batch");
  return {};
}

Result<void> check_outputs(const et::MethodMeta& meta, const Signature& signature, Bound& bound) {
  const auto& specs = signature.outputs();
  if (meta.num_outputs() != specs.size()) return counts_differ("output", meta.num_outputs(), specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(const auto output,
                            meta_of(meta.output_tag(i), meta.output_tensor_meta(i), "output '" + specs[i].name + "'"));
    if (!agrees(output, specs[i], bound, false)) return differs("output", output, specs[i]);
  }
  return {};
}

}  // namespace

std::string describe(DType dtype, const Sizes& sizes) {
  std::string text = std::string(to_string(dtype)) + "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(sizes[i]);
  return text + "]";
}

std::string Variant::title() const {
  return "method '" + method + "' of '" + file->name() + "'";
}

std::size_t Variant::arena_size() const {
  return std::accumulate(arena_bytes.begin(), arena_bytes.end(), std::size_t{0});
}

bool Variant::computes(const std::vector<Sizes>& sizes) const {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (sizes[i] == inputs[i]) continue;
    if (!takes_smaller[i] || sizes[i].size() != inputs[i].size()) return false;
    for (std::size_t d = 0; d < inputs[i].size(); ++d)
      if (sizes[i][d] > inputs[i][d]) return false;
  }
  return true;
}

bool Variant::has_free_batch() const {
  return batch > 1 && std::find(takes_smaller.begin(), takes_smaller.end(), true) != takes_smaller.end();
}

Result<Variant> read_variant(std::shared_ptr<const ProgramFile> file, const std::string& method,
                             const Signature& signature) {
  Variant variant;
  variant.file = std::move(file);
  variant.method = method;
  const CallLog log;
  const auto meta = variant.file->program().method_meta(method.c_str());
  if (!meta.ok()) return log.error(meta.error(), ErrorCode::kInvalidArgument, "cannot be read").within(variant.title());
  Bound bound;
  if (auto ok = read_inputs(*meta, signature, bound, variant); !ok) return ok.error().within(variant.title());
  if (auto ok = check_outputs(*meta, signature, bound); !ok) return ok.error().within(variant.title());
  for (std::size_t i = 0; i < meta->num_memory_planned_buffers(); ++i) {
    const auto size = meta->memory_planned_buffer_size(i);
    if (!size.ok() || *size < 0)
      return Error(ErrorCode::kInvalidArgument, "its memory is not planned; it was altered").within(variant.title());
    variant.arena_bytes.push_back(static_cast<std::size_t>(*size));
  }
  return variant;
}

}  // namespace gantry::inline GANTRY_ABI::executorch

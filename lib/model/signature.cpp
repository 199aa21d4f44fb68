// SPDX-License-Identifier: Apache-2.0
// Signature: parses signatures, and checks tensors against them.
#include <algorithm>
#include <charconv>
#include <gantry/signature.hpp>
#include <set>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::string_view kBatch = "batch";

Error invalid(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (const auto part = trim(text.substr(begin, end - begin)); !part.empty()) parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

Result<Dim> parse_dim(std::string_view text) {
  Dim dim;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), dim.extent);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return dim;
  dim.extent = -1;
  dim.symbol = std::string(text);
  return dim;
}

Result<TensorSpec> parse_spec(std::string_view text) {
  const auto colon = text.find(':');
  const auto open = text.find('[');
  if (colon == std::string_view::npos || open == std::string_view::npos || open < colon || text.back() != ']')
    return invalid("expected 'name:dtype[dim,dim]', got '" + std::string(text) + "'");
  GANTRY_ASSIGN_OR_RETURN(auto dtype, parse_dtype(trim(text.substr(colon + 1, open - colon - 1))));
  TensorSpec spec;
  spec.name = std::string(trim(text.substr(0, colon)));
  spec.dtype = dtype;
  const auto dims = trim(text.substr(open + 1, text.size() - open - 2));
  const auto parts = split(dims, ',');
  if (!dims.empty() && static_cast<std::ptrdiff_t>(parts.size()) != std::count(dims.begin(), dims.end(), ',') + 1)
    return invalid("a dimension is missing in '" + std::string(text) + "'");
  for (const auto part : parts) {
    GANTRY_ASSIGN_OR_RETURN(auto dim, parse_dim(part));
    spec.dims.push_back(std::move(dim));
  }
  return spec;
}

Result<std::vector<TensorSpec>> parse_specs(std::string_view text) {
  std::vector<TensorSpec> specs;
  for (const auto part : split(text, ';')) {
    GANTRY_ASSIGN_OR_RETURN(auto spec, parse_spec(part));
    specs.push_back(std::move(spec));
  }
  return specs;
}

bool is_identifier(const std::string& symbol) {
  return !symbol.empty() && !(symbol[0] >= '0' && symbol[0] <= '9') &&
         std::all_of(symbol.begin(), symbol.end(), [](char c) {
           return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

Result<void> check_specs(const std::vector<TensorSpec>& specs, const char* what) {
  if (specs.empty()) return invalid(std::string("a signature needs at least one ") + what);
  std::set<std::string_view> names;
  for (const TensorSpec& spec : specs) {
    if (spec.name.empty()) return invalid(std::string("an ") + what + " has no name");
    if (!names.insert(spec.name).second) return invalid(std::string(what) + " '" + spec.name + "' appears twice");
    if (spec.dims.size() > Shape::kMaxRank)
      return invalid(std::string(what) + " '" + spec.name + "' has " + std::to_string(spec.dims.size()) +
                     " dimensions, at most " + std::to_string(Shape::kMaxRank) + " are possible");
    for (const Dim& dim : spec.dims) {
      if (dim.is_symbolic() ? !is_identifier(dim.symbol) : dim.extent < 1)
        return invalid(std::string(what) + " '" + spec.name + "' has a dimension '" + dim.to_string() +
                       "'; expected a number of at least 1 or an identifier");
    }
  }
  return {};
}

/// If the batch symbol occurred elsewhere too, the extent of a single sample would depend on the number of samples.
bool leads_with_batch(const TensorSpec& spec) {
  const auto is_batch = [](const Dim& dim) { return dim.symbol == kBatch; };
  return !spec.dims.empty() && is_batch(spec.dims[0]) && std::none_of(spec.dims.begin() + 1, spec.dims.end(), is_batch);
}

/// Compares dtype, rank, and extents from `first_axis` of the spec on. Compares symbols that are bound; binds the
/// others, to at least `least`.
Result<void> check_tensor(const TensorSpec& spec, std::size_t first_axis, const Tensor& tensor, SymbolBinding& binding,
                          std::int64_t least = 1) {
  const auto mismatch = [&](const std::string& why) {
    TensorSpec expected = spec;
    expected.dims.erase(expected.dims.begin(), expected.dims.begin() + static_cast<std::ptrdiff_t>(first_axis));
    return invalid("expected " + expected.to_string() + ", got " + tensor.to_string() + why);
  };
  if (tensor.dtype() != spec.dtype) return mismatch("");
  if (tensor.rank() != spec.dims.size() - first_axis) return mismatch("");
  for (std::size_t axis = 0; axis < tensor.rank(); ++axis) {
    const Dim& dim = spec.dims[first_axis + axis];
    const std::int64_t extent = tensor.shape()[axis];
    if (!dim.is_symbolic()) {
      if (extent != dim.extent) return mismatch("");
      continue;
    }
    if (extent < least) return mismatch(": '" + dim.symbol + "' must be at least " + std::to_string(least));
    const auto [bound, is_new] = binding.emplace(dim.symbol, extent);
    if (!is_new && bound->second != extent)
      return mismatch(": '" + dim.symbol + "' is " + std::to_string(bound->second) + " elsewhere in this call");
  }
  return {};
}

std::string names_of(const std::vector<TensorSpec>& specs) {
  std::string names;
  for (const TensorSpec& spec : specs) names += (names.empty() ? "'" : ", '") + spec.name + "'";
  return names;
}

}  // namespace

std::string Dim::to_string() const {
  return is_symbolic() ? symbol : std::to_string(extent);
}

std::string TensorSpec::to_string() const {
  std::string text = name + ": " + gantry::to_string(dtype) + "[";
  for (std::size_t i = 0; i < dims.size(); ++i) text += (i ? ", " : "") + dims[i].to_string();
  return text + "]";
}

Result<Signature> Signature::make(std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs) {
  GANTRY_RETURN_IF_ERROR(check_specs(inputs, "input"));
  GANTRY_RETURN_IF_ERROR(check_specs(outputs, "output"));
  Signature signature;
  std::set<std::string_view> bound;
  for (const TensorSpec& spec : inputs)
    for (const Dim& dim : spec.dims) bound.insert(dim.symbol);
  for (const TensorSpec& spec : outputs)
    for (const Dim& dim : spec.dims) {
      if (!dim.is_symbolic() || !bound.insert(dim.symbol).second) continue;
      if (dim.symbol == kBatch)
        return invalid("output '" + spec.name +
                       "' uses the symbol 'batch', which no input has; 'batch' is the axis along "
                       "which samples are stacked, so call a size that follows from the input by another name");
      signature.output_symbols_.push_back(dim.symbol);
    }
  for (const TensorSpec& spec : outputs) signature.output_has_rows_.push_back(leads_with_batch(spec));
  signature.has_batch_axis_ = std::all_of(inputs.begin(), inputs.end(), leads_with_batch);
  signature.can_share_calls_ =
      signature.has_batch_axis_ && std::all_of(outputs.begin(), outputs.end(), leads_with_batch);
  signature.inputs_ = std::move(inputs);
  signature.outputs_ = std::move(outputs);
  return signature;
}

Result<Signature> Signature::parse(std::string_view inputs, std::string_view outputs) {
  GANTRY_ASSIGN_OR_RETURN(auto in, parse_specs(inputs));
  GANTRY_ASSIGN_OR_RETURN(auto out, parse_specs(outputs));
  return make(std::move(in), std::move(out));
}

Result<SymbolBinding> Signature::check_inputs(const Tensors& tensors) const {
  SymbolBinding binding;
  for (const TensorSpec& spec : inputs_) {
    const Tensor* tensor = tensors.find(spec.name);
    if (tensor == nullptr) return invalid("input '" + spec.name + "' is missing; expected " + names_of(inputs_));
    GANTRY_RETURN_IF_ERROR(check_tensor(spec, 0, *tensor, binding));
  }
  std::set<std::string_view> seen;
  for (const NamedTensor& item : tensors) {
    const bool is_known =
        std::any_of(inputs_.begin(), inputs_.end(), [&](const TensorSpec& spec) { return spec.name == item.name; });
    if (!is_known) return invalid("unknown input '" + item.name + "'; expected " + names_of(inputs_));
    if (!seen.insert(item.name).second) return invalid("input '" + item.name + "' appears twice");
  }
  return binding;
}

Result<void> Signature::check_outputs(const Tensors& tensors, const SymbolBinding& binding) const {
  const auto disagree = [](const std::string& message) {
    return Error(ErrorCode::kModelError, "the model's output disagrees with its signature: " + message);
  };
  if (tensors.size() != outputs_.size())
    return disagree("expected " + std::to_string(outputs_.size()) + " outputs (" + names_of(outputs_) + "), got " +
                    std::to_string(tensors.size()));
  SymbolBinding bound = binding;
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    if (auto ok = check_tensor(outputs_[i], 0, tensors[i].tensor, bound, 0); !ok) return disagree(ok.error().message());
  return {};
}

Result<void> Signature::check_sample(std::size_t index, const Tensor& sample, SymbolBinding& binding) const {
  return check_tensor(inputs_[index], has_batch_axis_ ? 1 : 0, sample, binding);
}

std::string Signature::to_string() const {
  std::string text = "(";
  for (const TensorSpec& spec : inputs_) text += (text.size() > 1 ? ", " : "") + spec.to_string();
  text += ") -> (";
  for (std::size_t i = 0; i < outputs_.size(); ++i) text += (i ? ", " : "") + outputs_[i].to_string();
  return text + ")";
}

}  // namespace gantry::inline GANTRY_ABI

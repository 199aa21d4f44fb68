// SPDX-License-Identifier: Apache-2.0
// ModelDescription: what a server says of a model: its metadata in Open Inference Protocol v2.
#pragma once

#include <cstdint>
#include <gantry/json.hpp>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::remote {

/// The protocol's name of a dtype: "FP32".
const char* datatype_of(DType dtype) noexcept;
/// unsupported for names that are no DType, among them BYTES.
Result<DType> dtype_of(std::string_view datatype);

/// A tensor in a model's metadata.
struct DescribedTensor {
  std::string name;
  std::string datatype;
  std::vector<std::int64_t> shape;  // -1: any extent
  std::string payload = {};         // gantry-server's parameter: the payload type behind it; empty: not known

  bool is_file() const { return datatype == "BYTES"; }
  /// Of tensors, what they are part of does not matter.
  friend bool operator==(const DescribedTensor& a, const DescribedTensor& b) {
    return a.name == b.name && a.datatype == b.datatype && a.shape == b.shape &&
           (!a.is_file() || a.payload == b.payload);
  }
};

struct ModelDescription {
  std::vector<DescribedTensor> inputs;
  std::vector<DescribedTensor> outputs;
  std::string platform;

  /// "x: FP32[-1,4] -> y: FP32[-1,4]".
  std::string to_string() const;
  bool has_same_tensors(const ModelDescription& other) const {
    return inputs == other.inputs && outputs == other.outputs;
  }
};

/// model_error with the JSON path for a text that is no metadata.
Result<ModelDescription> parse_description(std::string_view json);

/// "max_batch_size" of a model's config; 0 if it has none.
std::int64_t parse_max_batch(std::string_view json);

/// What to_signature() makes of BYTES.
enum class Files {
  kRefused,
  kAsBytes,  // u8[size]; of several elements, one for each sample of the batch
};

/// `takes_batches`: the first dimension of all tensors is "batch", if it is open. unsupported for tensors of no DType;
/// failed_precondition if the tensors are not known, neither from the server nor from `given`.
Result<Signature> to_signature(const ModelDescription& description, bool takes_batches, Files files = Files::kRefused,
                               const std::optional<Signature>& given = {});

/// failed_precondition unless tensors that fit `signature` are what `description` says.
Result<void> check_description(const ModelDescription& description, const Signature& signature);

}  // namespace gantry::inline GANTRY_ABI::remote

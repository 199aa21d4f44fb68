// SPDX-License-Identifier: Apache-2.0
// GoldenTensor: a recorded tensor; or its digest or a sample of its values, if it is too large to store.
#pragma once

#include <cstdint>
#include <gantry/dtype.hpp>
#include <gantry/shape.hpp>
#include <gantry/tensor.hpp>
#include <gantry/tolerance.hpp>
#include <optional>
#include <string>

#include "core/json_object.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class PackageFiles;

struct GoldenTensor {
  enum class Form : std::uint8_t {
    kWhole,   ///< `file` holds all values
    kDigest,  ///< `sha256` of its bytes, in row-major order; only shows exact equality
    kSample,  ///< `file` holds the values 0, step, 2 * step, ... of the flattened tensor
  };
  Form form = Form::kWhole;
  std::string file;           ///< kWhole, kSample: .npy
  std::string sha256;         ///< kDigest: lower-case hexadecimal
  DType dtype = DType::kF32;  ///< kDigest
  Shape shape;                ///< kDigest, kSample
  std::int64_t step = 1;      ///< kSample
};

/// Parses the value of the key `digest` or `sample`. invalid_argument names the key.
Result<GoldenTensor> parse_golden_digest(const Json& json, const std::string& path);
Result<GoldenTensor> parse_golden_sample(const Json& json, const std::string& path);

/// How `got` differs from the record; nullopt if it does not. An error if the recorded values cannot be read.
Result<std::optional<std::string>> compare_with_golden(const Tensor& got, const GoldenTensor& expected,
                                                       const Tolerance& tolerance, const PackageFiles& files);

/// The values of a .npy file of the package.
Result<Tensor> load_npy(const std::string& name, const PackageFiles& files);

}  // namespace gantry::inline GANTRY_ABI::detail

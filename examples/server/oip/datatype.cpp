// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "infer_message.hpp"

namespace gantry_server {
namespace {

using gantry::DType;

constexpr std::array<std::pair<DType, const char*>, 10> kDatatypes{{{DType::kBool, "BOOL"},
                                                                    {DType::kU8, "UINT8"},
                                                                    {DType::kI8, "INT8"},
                                                                    {DType::kI16, "INT16"},
                                                                    {DType::kI32, "INT32"},
                                                                    {DType::kI64, "INT64"},
                                                                    {DType::kF16, "FP16"},
                                                                    {DType::kBF16, "BF16"},
                                                                    {DType::kF32, "FP32"},
                                                                    {DType::kF64, "FP64"}}};

}  // namespace

const char* datatype_of(DType dtype) noexcept {
  for (const auto& [known, name] : kDatatypes)
    if (known == dtype) return name;
  return "BYTES";
}

gantry::Result<DType> dtype_of(std::string_view datatype) {
  std::string names;
  for (const auto& [dtype, name] : kDatatypes) {
    if (datatype == name) return dtype;
    names += std::string(names.empty() ? "" : ", ") + name;
  }
  const std::string quoted = "datatype '" + std::string(datatype.substr(0, 40)) + "'";
  if (datatype == "UINT16" || datatype == "UINT32" || datatype == "UINT64" || datatype == "BYTES")
    return gantry::Error(gantry::ErrorCode::kUnsupported, quoted + ": no model here takes it; use one of " + names);
  return gantry::Error(gantry::ErrorCode::kInvalidArgument, quoted + " is unknown; expected one of " + names);
}

}  // namespace gantry_server

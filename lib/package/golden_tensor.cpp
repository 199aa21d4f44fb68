// SPDX-License-Identifier: Apache-2.0
// Reading and comparing recorded tensors.
#include "package/golden_tensor.hpp"

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "core/json_access.hpp"
#include "core/json_shape.hpp"
#include "core/return_if_error.hpp"
#include "core/tensor_difference.hpp"
#include "model/npy.hpp"
#include "package/package_files.hpp"
#include "package/sha256.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Difference = std::optional<std::string>;

constexpr std::int64_t kMaxStep = std::int64_t{1} << 40;

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Difference compare_digest(const Tensor& got, const GoldenTensor& expected) {
  if (got.dtype() != expected.dtype || got.shape() != expected.shape)
    return "expected " + std::string(to_string(expected.dtype)) + expected.shape.to_string() + ", got " +
           got.to_string();
  const auto dense = got.contiguous();
  if (!dense) return "not enough memory to compare " + got.to_string();
  Sha256 hash;
  if (dense->size_bytes() > 0) hash.update(dense->data(), dense->size_bytes());
  const std::string digest = to_hex(hash.take());
  if (digest == expected.sha256) return std::nullopt;
  return "its bytes have SHA-256 " + digest + ", recorded is " + expected.sha256 +
         " (exact; only a digest was recorded, with a larger max_stage_bytes gantry-pack stores the values)";
}

/// The elements 0, step, 2 * step, ... of a tensor, in row-major order.
Result<Tensor> every(std::int64_t step, const Tensor& tensor) {
  GANTRY_ASSIGN_OR_RETURN(auto dense, tensor.contiguous());
  const std::int64_t count = (tensor.numel() + step - 1) / step;
  auto sample = Tensor::make(tensor.dtype(), {count});
  if (!sample) return sample;
  const std::size_t size = size_of(tensor.dtype());
  const auto* from = static_cast<const std::byte*>(dense.data());
  auto* to = static_cast<std::byte*>(sample->mutable_data());
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(to + static_cast<std::size_t>(i) * size, from + static_cast<std::size_t>(i * step) * size, size);
  return sample;
}

Result<Difference> compare_sample(const Tensor& got, const GoldenTensor& expected, const Tolerance& tolerance,
                                  const PackageFiles& files) {
  GANTRY_ASSIGN_OR_RETURN(auto recorded, load_npy(expected.file, files));
  const std::int64_t count = (expected.shape.numel() + expected.step - 1) / expected.step;
  if (recorded.shape() != Shape{count})
    return Error(ErrorCode::kInvalidArgument, "file '" + expected.file + "': expected " + std::to_string(count) +
                                                  " values, one in " + std::to_string(expected.step) + " of " +
                                                  expected.shape.to_string() + ", it is " + recorded.to_string());
  if (got.dtype() != recorded.dtype() || got.shape() != expected.shape)
    return Difference("expected " + std::string(to_string(recorded.dtype())) + expected.shape.to_string() + ", got " +
                      got.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto sample, every(expected.step, got));
  auto difference = tensor_difference(sample, recorded, tolerance);
  if (difference) *difference = "of one value in " + std::to_string(expected.step) + ", " + *difference;
  return difference;
}

}  // namespace

Result<Tensor> load_npy(const std::string& name, const PackageFiles& files) {
  GANTRY_ASSIGN_OR_RETURN(auto content, files.read(name));
  auto tensor = parse_npy(content);
  if (!tensor) return tensor.error().within("file '" + name + "'");
  return tensor;
}

Result<GoldenTensor> parse_golden_digest(const Json& json, const std::string& path) {
  JsonObject object(json, path);
  GoldenTensor tensor;
  tensor.form = GoldenTensor::Form::kDigest;
  tensor.sha256 = object.string("sha256");
  if (object.ok() && !is_sha256(tensor.sha256))
    object.fail("sha256", "expected 64 lower-case hexadecimal digits, got " + describe(Json(tensor.sha256)));
  const std::string dtype = object.string("dtype");
  const Json* shape = object.list("shape", true);
  GANTRY_RETURN_IF_ERROR(object.finish());
  auto parsed_dtype = parse_dtype(dtype);
  if (!parsed_dtype) return json_error(object.path_of("dtype"), parsed_dtype.error().message());
  GANTRY_ASSIGN_OR_RETURN(auto parsed_shape, read_shape(JsonAccess::borrow(*shape, object.path_of("shape"))));
  tensor.dtype = *parsed_dtype;
  tensor.shape = parsed_shape;
  return tensor;
}

Result<GoldenTensor> parse_golden_sample(const Json& json, const std::string& path) {
  JsonObject object(json, path);
  GoldenTensor tensor;
  tensor.form = GoldenTensor::Form::kSample;
  tensor.file = object.string("npy");
  tensor.step = object.integer("step", 1, kMaxStep, std::nullopt);
  const Json* shape = object.list("shape", true);
  GANTRY_RETURN_IF_ERROR(object.finish());
  GANTRY_ASSIGN_OR_RETURN(tensor.shape, read_shape(JsonAccess::borrow(*shape, object.path_of("shape"))));
  return tensor;
}

Result<Difference> compare_with_golden(const Tensor& got, const GoldenTensor& expected, const Tolerance& tolerance,
                                       const PackageFiles& files) {
  if (expected.form == GoldenTensor::Form::kDigest) return compare_digest(got, expected);
  if (expected.form == GoldenTensor::Form::kSample) return compare_sample(got, expected, tolerance, files);
  GANTRY_ASSIGN_OR_RETURN(auto recorded, load_npy(expected.file, files));
  return tensor_difference(got, recorded, tolerance);
}

}  // namespace gantry::inline GANTRY_ABI::detail

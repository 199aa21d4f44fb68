// SPDX-License-Identifier: Apache-2.0
#include "typed_contents.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace gantry_server {
namespace {

using gantry::Bytes;
using gantry::DType;
using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;
using gantry::Tensor;
using inference::InferTensorContents;

Error invalid(const std::string& path, const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, path + ": " + message);
}

/// Calls `with(name, values)` for each field.
template <class Contents, class With>
void each_field(Contents& contents, With&& with) {
  with("bool_contents", contents.bool_contents());
  with("int_contents", contents.int_contents());
  with("int64_contents", contents.int64_contents());
  with("uint_contents", contents.uint_contents());
  with("uint64_contents", contents.uint64_contents());
  with("fp32_contents", contents.fp32_contents());
  with("fp64_contents", contents.fp64_contents());
  with("bytes_contents", contents.bytes_contents());
}

/// Whether only `field` has values, and as many as the shape says.
Result<void> check_fields(const InferTensorContents& contents, const std::string& field, std::size_t count,
                          const std::string& path, const InferTensor& input) {
  Result<void> ok;
  std::size_t there = 0;
  each_field(contents, [&](const char* name, const auto& values) {
    if (name == field)
      there = static_cast<std::size_t>(values.size());
    else if (ok && !values.empty())
      ok = invalid(path, input.datatype + " has its values in " + field + ", there are " +
                             std::to_string(values.size()) + " in " + name);
  });
  if (ok && there != count)
    ok = invalid(path, "the shape says " + std::to_string(count) + " values, there are " + std::to_string(there));
  return ok;
}

const char* field_of(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "bool_contents";
    case DType::kI8:
    case DType::kI16:
    case DType::kI32:
      return "int_contents";
    case DType::kI64:
      return "int64_contents";
    case DType::kU8:
      return "uint_contents";
    case DType::kF32:
      return "fp32_contents";
    case DType::kF64:
      return "fp64_contents";
    case DType::kF16:
    case DType::kBF16:
      break;
  }
  return nullptr;
}

template <class T, class Values>
Result<Tensor> convert(const Values& values, DType dtype, const gantry::Shape& shape, const std::string& path) {
  auto tensor = Tensor::make(dtype, shape);
  if (!tensor) return tensor;
  T* out = static_cast<T*>(tensor->mutable_data());
  for (int i = 0; i < values.size(); ++i) {
    const auto value = values[i];
    if constexpr (std::is_integral_v<T> && !std::is_same_v<std::decay_t<decltype(value)>, bool>)
      if (!std::in_range<T>(value))
        return invalid(
            path, "value " + std::to_string(i) + ", " + std::to_string(value) + ", is beyond " + datatype_of(dtype));
    out[i] = static_cast<T>(value);
  }
  return tensor;
}

Result<Tensor> read_tensor(const InferTensorContents& contents, DType dtype, const gantry::Shape& shape,
                           const std::string& path) {
  switch (dtype) {
    case DType::kBool:
      return convert<std::uint8_t>(contents.bool_contents(), dtype, shape, path);
    case DType::kI8:
      return convert<std::int8_t>(contents.int_contents(), dtype, shape, path);
    case DType::kI16:
      return convert<std::int16_t>(contents.int_contents(), dtype, shape, path);
    case DType::kI32:
      return convert<std::int32_t>(contents.int_contents(), dtype, shape, path);
    case DType::kI64:
      return convert<std::int64_t>(contents.int64_contents(), dtype, shape, path);
    case DType::kU8:
      return convert<std::uint8_t>(contents.uint_contents(), dtype, shape, path);
    case DType::kF32:
      return convert<float>(contents.fp32_contents(), dtype, shape, path);
    case DType::kF64:
      return convert<double>(contents.fp64_contents(), dtype, shape, path);
    case DType::kF16:
    case DType::kBF16:
      break;
  }
  return invalid(path, std::string(datatype_of(dtype)) + " has no field; send it in raw_input_contents");
}

template <class T, class Values>
void append(const Tensor& tensor, Values* values) {
  const auto all = *tensor.values<T>();
  values->Reserve(static_cast<int>(all.size()));
  for (const T value : all) values->Add(value);
}

}  // namespace

Result<void> read_contents(const InferTensorContents& contents, std::size_t count, const std::string& path,
                           const std::shared_ptr<const void>& owner, InferTensor& input) {
  if (input.holds_strings()) {
    if (auto ok = check_fields(contents, "bytes_contents", count, path, input); !ok) return ok;
    for (const std::string& text : contents.bytes_contents())
      input.strings.push_back(Bytes::wrap(text.data(), text.size(), owner));
    return {};
  }
  const auto dtype = dtype_of(input.datatype);
  if (!dtype) return dtype.error().within("input '" + input.name + "'");
  // Before memory is allocated for as many values as the shape says.
  if (const char* field = field_of(*dtype))
    if (auto ok = check_fields(contents, field, count, path, input); !ok) return ok;
  auto tensor = read_tensor(contents, *dtype, input.shape, path);
  if (!tensor) return tensor.error();
  input.tensor = *std::move(tensor);
  return {};
}

bool has_typed_contents(const InferTensor& output) {
  return output.holds_strings() || field_of(output.tensor.dtype()) != nullptr;
}

void write_contents(const InferTensor& output, InferTensorContents& contents) {
  if (output.holds_strings()) {
    for (const Bytes& text : output.strings) contents.add_bytes_contents(text.data(), text.size());
    return;
  }
  switch (output.tensor.dtype()) {
    case DType::kBool:
      return append<bool>(output.tensor, contents.mutable_bool_contents());
    case DType::kI8:
      return append<std::int8_t>(output.tensor, contents.mutable_int_contents());
    case DType::kI16:
      return append<std::int16_t>(output.tensor, contents.mutable_int_contents());
    case DType::kI32:
      return append<std::int32_t>(output.tensor, contents.mutable_int_contents());
    case DType::kI64:
      return append<std::int64_t>(output.tensor, contents.mutable_int64_contents());
    case DType::kU8:
      return append<std::uint8_t>(output.tensor, contents.mutable_uint_contents());
    case DType::kF32:
      return append<float>(output.tensor, contents.mutable_fp32_contents());
    case DType::kF64:
      return append<double>(output.tensor, contents.mutable_fp64_contents());
    case DType::kF16:
    case DType::kBF16:
      break;
  }
}

}  // namespace gantry_server

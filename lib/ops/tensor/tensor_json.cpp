// SPDX-License-Identifier: Apache-2.0
#include "ops/tensor/tensor_json.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/dense.hpp"
#include "core/element.hpp"
#include "core/json_access.hpp"
#include "core/json_shape.hpp"
#include "core/nearest_float.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

template <class T>
void write_elements(const Tensor& tensor, JsonWriter& json) {
  const T* data = static_cast<const T*>(tensor.data());
  json.list(Span<const T>(data, static_cast<std::size_t>(tensor.numel())));
}

void write_halves(const Tensor& tensor, JsonWriter& json) {
  const auto* at = static_cast<const std::byte*>(tensor.data());
  json.begin_list();
  for (std::int64_t i = 0; i < tensor.numel(); ++i, at += 2)
    json.value(static_cast<float>(element_value(tensor.dtype(), at)));
  json.end_list();
}

void write_data(const Tensor& tensor, JsonWriter& json) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return write_elements<float>(tensor, json);
    case DType::kF16:
    case DType::kBF16:
      return write_halves(tensor, json);
    case DType::kF64:
      return write_elements<double>(tensor, json);
    case DType::kU8:
      return write_elements<std::uint8_t>(tensor, json);
    case DType::kI8:
      return write_elements<std::int8_t>(tensor, json);
    case DType::kI16:
      return write_elements<std::int16_t>(tensor, json);
    case DType::kI32:
      return write_elements<std::int32_t>(tensor, json);
    case DType::kI64:
      return write_elements<std::int64_t>(tensor, json);
    case DType::kBool:
      return write_elements<bool>(tensor, json);
  }
}

bool is_floating(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF64;
}

Error at_item(const JsonView& data, std::size_t index, const std::string& expected, const Json& got) {
  return json_error(data.path() + "[" + std::to_string(index) + "]", "expected " + expected + ", got " + describe(got));
}

Result<void> read_floats(const JsonView& data, Tensor& tensor) {
  const Json& list = JsonAccess::value_of(data);
  auto* to = static_cast<std::byte*>(tensor.mutable_data());
  const bool is_single = tensor.dtype() == DType::kF32;
  for (std::size_t i = 0; i < list.size(); ++i, to += size_of(tensor.dtype())) {
    if (!list[i].is_number() && !list[i].is_null()) return at_item(data, i, "a number or null", list[i]);
    const double number = list[i].is_null() ? std::nan("") : list[i].get<double>();
    write_element(tensor.dtype(), is_single ? static_cast<double>(nearest_float(number)) : number, to);
  }
  return {};
}

template <class T>
Result<void> read_integers(const JsonView& data, Tensor& tensor) {
  const Json& list = JsonAccess::value_of(data);
  auto* to = static_cast<T*>(tensor.mutable_data());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto value = as_integer(list[i]);
    if (!value || *value < std::numeric_limits<T>::min() || *value > std::numeric_limits<T>::max())
      return at_item(data, i, "a number of " + std::string(to_string(tensor.dtype())), list[i]);
    to[i] = static_cast<T>(*value);
  }
  return {};
}

Result<void> read_bools(const JsonView& data, Tensor& tensor) {
  const Json& list = JsonAccess::value_of(data);
  auto* to = static_cast<bool*>(tensor.mutable_data());
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_boolean()) return at_item(data, i, "true or false", list[i]);
    to[i] = list[i].get<bool>();
  }
  return {};
}

Result<void> read_data(const JsonView& data, Tensor& tensor) {
  if (is_floating(tensor.dtype())) return read_floats(data, tensor);
  switch (tensor.dtype()) {
    case DType::kU8:
      return read_integers<std::uint8_t>(data, tensor);
    case DType::kI8:
      return read_integers<std::int8_t>(data, tensor);
    case DType::kI16:
      return read_integers<std::int16_t>(data, tensor);
    case DType::kI32:
      return read_integers<std::int32_t>(data, tensor);
    case DType::kI64:
      return read_integers<std::int64_t>(data, tensor);
    default:
      return read_bools(data, tensor);
  }
}

}  // namespace

void write_tensor(const Tensor& tensor, JsonWriter& json) {
  const Tensor dense = detail::dense_on_cpu(tensor).value();
  json.begin_object()
      .field("dtype", to_string(dense.dtype()))
      .key("shape")
      .list(Span<const std::int64_t>(dense.shape()));
  json.key("data");
  write_data(dense, json);
  json.end_object();
}

Result<Tensor> read_tensor(const JsonView& json) {
  JsonFields fields(json);
  const std::string dtype_name = fields.string("dtype");
  const JsonView shape_list = fields.require("shape");
  const JsonView data = fields.require("data");
  GANTRY_RETURN_IF_ERROR(fields.finish());
  const auto dtype = parse_dtype(dtype_name);
  if (!dtype) return json.find("dtype")->error(dtype.error().message());
  GANTRY_ASSIGN_OR_RETURN(const auto shape, read_shape(shape_list));
  if (data.kind() != JsonKind::kList || static_cast<std::int64_t>(data.size()) != shape.numel())
    return data.error("expected a list of " + std::to_string(shape.numel()) + " values, got " +
                      (data.kind() == JsonKind::kList ? std::to_string(data.size()) : data.describe()));
  auto tensor = Tensor::make(*dtype, shape);
  if (!tensor) return tensor;
  GANTRY_RETURN_IF_ERROR(read_data(data, *tensor));
  return tensor;
}

}  // namespace gantry::inline GANTRY_ABI::detail

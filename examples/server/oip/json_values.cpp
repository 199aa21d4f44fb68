// SPDX-License-Identifier: Apache-2.0
#include "json_values.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "infer_message.hpp"

namespace gantry_server {
namespace {

using gantry::DType;
using gantry::JsonKind;
using gantry::JsonView;
using gantry::Result;
using gantry::Shape;
using gantry::Tensor;

/// Reads the values of a list; an error if an item is a list itself.
template <class T>
using ReadRow = Result<std::vector<T>> (*)(const JsonView& list);

gantry::Error wrong_count(const JsonView& data, std::int64_t expected, std::size_t count) {
  return data.error("the shape says " + std::to_string(expected) + " values, there are " + std::to_string(count));
}

/// Appends the values of `data`, dimension `axis` of a nested tensor, in row-major order.
template <class T>
Result<void> append(const JsonView& data, const Shape& shape, std::size_t axis, ReadRow<T> read_row,
                    std::vector<T>& values) {
  if (auto row = read_row(data)) {
    const bool is_flat = axis == 0;
    if (!is_flat && (axis + 1 != shape.rank() || row->size() != static_cast<std::size_t>(shape[axis])))
      return axis + 1 != shape.rank() ? data.error("the shape has more dimensions than the data")
                                      : wrong_count(data, shape[axis], row->size());
    values.insert(values.end(), std::make_move_iterator(row->begin()), std::make_move_iterator(row->end()));
    return {};
  } else if (auto items = data.items(); !items || items->empty() || items->front().kind() != JsonKind::kList) {
    return row.error();
  } else if (axis + 1 >= shape.rank()) {
    return data.error("the data has more dimensions than the shape");
  } else if (items->size() != static_cast<std::size_t>(shape[axis])) {
    return wrong_count(data, shape[axis], items->size());
  } else {
    for (const JsonView& item : *items)
      if (auto ok = append(item, shape, axis + 1, read_row, values); !ok) return ok;
    return {};
  }
}

template <class T>
Result<std::vector<T>> values_of(const JsonView& data, const Shape& shape, ReadRow<T> read_row) {
  std::vector<T> values;
  if (auto ok = append(data, shape, 0, read_row, values); !ok) return ok.error();
  if (values.size() != static_cast<std::size_t>(shape.numel())) return wrong_count(data, shape.numel(), values.size());
  return values;
}

/// A row of values that JsonView has no list of.
template <class T, class Read>
Result<std::vector<T>> each_item(const JsonView& list, Read read) {
  const auto items = list.items();
  if (!items) return items.error();
  std::vector<T> row;
  for (const JsonView& item : *items) {
    auto value = read(item);
    if (!value) return value.error();
    row.push_back(*std::move(value));
  }
  return row;
}

Result<std::vector<double>> read_numbers(const JsonView& list) {
  return list.numbers();
}
Result<std::vector<std::int64_t>> read_integers(const JsonView& list) {
  return list.integers();
}
/// true and false; or 1 and 0, as numpy writes bool after a cast.
Result<std::vector<std::int64_t>> read_booleans(const JsonView& list) {
  return each_item<std::int64_t>(list, [](const JsonView& item) -> Result<std::int64_t> {
    if (const auto flag = item.boolean()) return *flag ? 1 : 0;
    const auto number = item.integer();
    if (number && (*number == 0 || *number == 1)) return *number;
    return item.error("expected true or false, got " + item.describe());
  });
}
Result<std::vector<gantry::Bytes>> read_texts(const JsonView& list) {
  return each_item<gantry::Bytes>(list, [](const JsonView& item) -> Result<gantry::Bytes> {
    auto text = item.string();
    if (!text) return text.error();
    return gantry::Bytes(*std::move(text));
  });
}

template <class T, class Value>
bool fits(Value value) {
  if constexpr (std::is_integral_v<T>)
    return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
  else
    return std::abs(value) <= static_cast<Value>(std::numeric_limits<T>::max());
}

template <class T, class Value>
Result<Tensor> convert(const JsonView& data, DType dtype, const Shape& shape, ReadRow<Value> read_row) {
  const auto values = values_of(data, shape, read_row);
  if (!values) return values.error();
  auto tensor = Tensor::make(dtype, shape);
  if (!tensor) return tensor;
  T* out = static_cast<T*>(tensor->mutable_data());
  for (std::size_t i = 0; i < values->size(); ++i) {
    if (!fits<T>((*values)[i]))
      return data.error("value " + std::to_string(i) + ", " + std::to_string((*values)[i]) + ", is beyond " +
                        datatype_of(dtype));
    out[i] = static_cast<T>((*values)[i]);
  }
  return tensor;
}

}  // namespace

Result<Tensor> read_json_tensor(const JsonView& data, DType dtype, const Shape& shape) {
  switch (dtype) {
    case DType::kBool:
      return convert<std::uint8_t>(data, dtype, shape, read_booleans);
    case DType::kU8:
      return convert<std::uint8_t>(data, dtype, shape, read_integers);
    case DType::kI8:
      return convert<std::int8_t>(data, dtype, shape, read_integers);
    case DType::kI16:
      return convert<std::int16_t>(data, dtype, shape, read_integers);
    case DType::kI32:
      return convert<std::int32_t>(data, dtype, shape, read_integers);
    case DType::kI64:
      return convert<std::int64_t>(data, dtype, shape, read_integers);
    case DType::kF32:
      return convert<float>(data, dtype, shape, read_numbers);
    case DType::kF64:
      return convert<double>(data, dtype, shape, read_numbers);
    case DType::kF16:
    case DType::kBF16:
      break;
  }
  return data.error(std::string(datatype_of(dtype)) + " has no form in JSON; send it as binary data");
}

Result<std::vector<gantry::Bytes>> read_json_strings(const JsonView& data, const Shape& shape) {
  return values_of(data, shape, &read_texts);
}

}  // namespace gantry_server

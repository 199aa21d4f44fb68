// SPDX-License-Identifier: Apache-2.0
#include "binary_values.hpp"

#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

namespace gantry_server {
namespace {

using gantry::Bytes;
using gantry::DType;
using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;
using gantry::Shape;
using gantry::Tensor;

Error invalid(const std::string& message) {
  return Error(ErrorCode::kInvalidArgument, message);
}

/// The strings of a BYTES tensor in binary: each is its length in 4 bytes, little endian, and its bytes.
Result<std::vector<Bytes>> read_strings(const Bytes& binary, std::size_t count) {
  std::vector<Bytes> strings;
  std::size_t at = 0;
  while (at < binary.size()) {
    if (strings.size() == count) return invalid("it has more strings than its shape says, " + std::to_string(count));
    std::uint32_t length = 0;
    if (binary.size() - at < sizeof length)
      return invalid("the length of string " + std::to_string(strings.size()) + " is cut off");
    std::memcpy(&length, binary.data() + at, sizeof length);
    at += sizeof length;
    if (length > binary.size() - at)
      return invalid("string " + std::to_string(strings.size()) + " has " + std::to_string(length) + " bytes, " +
                     std::to_string(binary.size() - at) + " are left");
    strings.push_back(Bytes::wrap(binary.data() + at, length, std::make_shared<Bytes>(binary)));
    at += length;
  }
  if (strings.size() != count)
    return invalid("it has " + std::to_string(strings.size()) + " strings, its shape says " + std::to_string(count));
  return strings;
}

Result<Tensor> read_values(const Bytes& binary, DType dtype, const Shape& shape, std::size_t count) {
  const std::size_t expected = count * gantry::size_of(dtype);
  if (binary.size() != expected)
    return invalid("its shape and datatype need " + std::to_string(expected) + " bytes, it has " +
                   std::to_string(binary.size()));
  if (reinterpret_cast<std::uintptr_t>(binary.data()) % gantry::size_of(dtype) == 0)
    // const_cast: it is memory that the request was read into, which nothing else uses
    return Tensor::wrap(const_cast<std::uint8_t*>(binary.data()), dtype, shape, std::make_shared<Bytes>(binary));
  auto copy = Tensor::make(dtype, shape);
  if (copy && expected > 0) std::memcpy(copy->mutable_data(), binary.data(), expected);
  return copy;
}

}  // namespace

Result<std::size_t> count_of(const std::vector<std::int64_t>& extents) {
  if (extents.size() > Shape::kMaxRank)
    return invalid("the shape has " + std::to_string(extents.size()) + " dimensions, at most " +
                   std::to_string(Shape::kMaxRank) + " are possible");
  std::size_t count = 1;
  for (const std::int64_t extent : extents) {
    if (extent < 0) return invalid("the shape has the negative extent " + std::to_string(extent));
    if (extent > 0 && count > (std::numeric_limits<std::size_t>::max() / 16) / static_cast<std::size_t>(extent))
      return invalid("the shape has too many elements");
    count *= static_cast<std::size_t>(extent);
  }
  return count;
}

Shape to_shape(const std::vector<std::int64_t>& extents) {
  return Shape(gantry::Span<const std::int64_t>(extents.data(), extents.size()));
}

Result<void> read_binary(const Bytes& bytes, std::size_t count, InferTensor& input) {
  if (input.holds_strings()) {
    auto strings = read_strings(bytes, count);
    if (!strings) return strings.error();
    input.strings = *std::move(strings);
    return {};
  }
  const auto dtype = dtype_of(input.datatype);
  if (!dtype) return dtype.error();
  auto tensor = read_values(bytes, *dtype, input.shape, count);
  if (!tensor) return tensor.error();
  input.tensor = *std::move(tensor);
  return {};
}

Bytes write_binary(const InferTensor& output) {
  if (!output.holds_strings())
    return Bytes::wrap(output.tensor.data(), output.tensor.size_bytes(), std::make_shared<Tensor>(output.tensor));
  std::string binary;
  for (const Bytes& text : output.strings) {
    const auto length = static_cast<std::uint32_t>(text.size());
    binary.append(reinterpret_cast<const char*>(&length), sizeof length);
    binary.append(reinterpret_cast<const char*>(text.data()), text.size());
  }
  return Bytes(std::move(binary));
}

}  // namespace gantry_server

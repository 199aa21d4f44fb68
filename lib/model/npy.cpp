// SPDX-License-Identifier: Apache-2.0
// The header of a .npy file is a Python dict literal with three known keys; any other text is refused.
#include "model/npy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kPreamble = 10;  // magic, version, u16 header length
constexpr std::size_t kAlignment = 64;

struct Code {
  std::string_view text;
  DType dtype;
};
constexpr std::array<Code, 9> kCodes = {{{"<f4", DType::kF32},
                                         {"<f2", DType::kF16},
                                         {"<f8", DType::kF64},
                                         {"|u1", DType::kU8},
                                         {"|i1", DType::kI8},
                                         {"<i2", DType::kI16},
                                         {"<i4", DType::kI32},
                                         {"<i8", DType::kI64},
                                         {"|b1", DType::kBool}}};

Error malformed(const std::string& why) {
  return Error(ErrorCode::kInvalidArgument, "not a usable .npy file: " + why);
}

/// The text after `'key':` in the header, without leading blanks.
std::string_view after_key(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "':";
  const auto at = header.find(quoted);
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + quoted.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

Result<DType> parse_descr(std::string_view header) {
  const auto value = after_key(header, "descr");
  for (const Code& code : kCodes)
    if (value.substr(0, code.text.size() + 2) == "'" + std::string(code.text) + "'") return code.dtype;
  return malformed("its dtype is " + std::string(value.substr(0, value.find(','))) +
                   "; expected little-endian f4 f2 f8 u1 i1 i2 i4 i8 or b1");
}

Result<Shape> parse_shape(std::string_view header) {
  auto value = after_key(header, "shape");
  if (value.empty() || value[0] != '(') return malformed("its header has no shape");
  value.remove_prefix(1);
  std::vector<std::int64_t> dims;
  for (;;) {
    value.remove_prefix(std::min(value.find_first_not_of(", "), value.size()));
    if (value.empty()) return malformed("its shape does not end");
    if (value[0] == ')') break;
    std::int64_t dim = -1;
    const auto parsed = std::from_chars(value.data(), value.data() + value.size(), dim);
    if (parsed.ec != std::errc() || dim < 0) return malformed("its shape is not a tuple of numbers");
    value.remove_prefix(static_cast<std::size_t>(parsed.ptr - value.data()));
    dims.push_back(dim);
  }
  const Shape shape{Span<const std::int64_t>(dims)};
  if (shape.overflowed() || shape.numel() < 0) return malformed("its shape is too large");
  return shape;
}

const char* code_of(DType dtype) {
  for (const Code& code : kCodes)
    if (code.dtype == dtype) return code.text.data();
  return "<u2";  // bf16
}

/// Bytes other than 0 and 1 are refused: reading them as bool is undefined behaviour.
Result<void> check_bools(const std::uint8_t* bytes, std::size_t count) {
  const auto* end = bytes + count;
  const auto* odd = std::find_if(bytes, end, [](std::uint8_t byte) { return byte > 1; });
  if (odd == end) return {};
  return malformed("element " + std::to_string(odd - bytes) + " of its bools is " + std::to_string(*odd) +
                   "; expected 0 or 1");
}

std::size_t header_size(const Bytes& file, std::size_t& begin) {
  const std::uint8_t* data = file.data();
  begin = data[6] == 1 ? kPreamble : kPreamble + 2;
  std::size_t size = data[8] | static_cast<std::size_t>(data[9]) << 8;
  if (data[6] == 2 && file.size() >= begin)
    size |= static_cast<std::size_t>(data[10]) << 16 | static_cast<std::size_t>(data[11]) << 24;
  return size;
}

}  // namespace

Result<Tensor> parse_npy(const Bytes& file) {
  if (file.size() < kPreamble || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0)
    return malformed("it does not begin with NumPy's mark");
  if (file.data()[6] != 1 && file.data()[6] != 2)
    return malformed("it has version " + std::to_string(file.data()[6]) + ", expected 1 or 2");
  std::size_t begin = 0;
  const std::size_t size = header_size(file, begin);
  if (begin > file.size() || size > file.size() - begin) return malformed("its header is cut off");
  const std::string_view header(reinterpret_cast<const char*>(file.data()) + begin, size);
  GANTRY_ASSIGN_OR_RETURN(auto dtype, parse_descr(header));
  if (after_key(header, "fortran_order").substr(0, 5) != "False") return malformed("it is in Fortran order");
  GANTRY_ASSIGN_OR_RETURN(auto shape, parse_shape(header));

  const std::size_t offset = begin + size;
  const auto count = static_cast<std::uint64_t>(shape.numel());
  if (count > file.size() || count * size_of(dtype) != file.size() - offset)
    return malformed("its shape " + shape.to_string() + " needs " + std::to_string(count) + " elements of " +
                     std::to_string(size_of(dtype)) + " bytes, it holds " + std::to_string(file.size() - offset) +
                     " bytes");
  if (dtype == DType::kBool) GANTRY_RETURN_IF_ERROR(check_bools(file.data() + offset, static_cast<std::size_t>(count)));
  auto tensor = Tensor::make(dtype, shape);
  if (tensor && count > 0) std::memcpy(tensor->mutable_data(), file.data() + offset, file.size() - offset);
  return tensor;
}

Result<Bytes> to_npy(const Tensor& tensor) {
  if (!tensor.device().is_cpu())
    return Error(ErrorCode::kInvalidArgument, "only a tensor on the CPU can be written, got " + tensor.to_string());
  GANTRY_ASSIGN_OR_RETURN(auto dense, tensor.contiguous());
  std::string header =
      "{'descr': '" + std::string(code_of(tensor.dtype()), 3) + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t dim : tensor.shape()) header += std::to_string(dim) + ",";
  header += "), }";
  const std::size_t unpadded = kPreamble + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header += '\n';

  std::string file(kMagic);
  file += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  file += header;
  file.append(static_cast<const char*>(dense.data()), dense.size_bytes());
  return Bytes(std::move(file));
}

}  // namespace gantry::inline GANTRY_ABI::detail

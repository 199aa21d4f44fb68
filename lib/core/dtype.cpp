// SPDX-License-Identifier: Apache-2.0
// DType: sizes and names.
#include <array>
#include <gantry/dtype.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI {
namespace {

struct Entry {
  DType dtype;
  const char* name;
  std::size_t size;
};

constexpr std::array<Entry, 10> kEntries = {{{DType::kF32, "f32", 4},
                                             {DType::kF16, "f16", 2},
                                             {DType::kBF16, "bf16", 2},
                                             {DType::kF64, "f64", 8},
                                             {DType::kU8, "u8", 1},
                                             {DType::kI8, "i8", 1},
                                             {DType::kI16, "i16", 2},
                                             {DType::kI32, "i32", 4},
                                             {DType::kI64, "i64", 8},
                                             {DType::kBool, "bool", 1}}};

}  // namespace

std::size_t size_of(DType dtype) noexcept {
  return kEntries[static_cast<std::size_t>(dtype)].size;
}

const char* to_string(DType dtype) noexcept {
  return kEntries[static_cast<std::size_t>(dtype)].name;
}

Result<DType> parse_dtype(std::string_view text) {
  std::string known;
  for (const Entry& entry : kEntries) {
    if (text == entry.name) return entry.dtype;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  return Error(ErrorCode::kInvalidArgument, "unknown dtype '" + std::string(text) + "'; expected one of " + known);
}

}  // namespace gantry::inline GANTRY_ABI

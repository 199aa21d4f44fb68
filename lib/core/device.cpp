// SPDX-License-Identifier: Apache-2.0
// Device: parsing and printing.
#include <charconv>
#include <gantry/device.hpp>

namespace gantry::inline GANTRY_ABI {

Result<Device> Device::parse(std::string_view text) {
  if (text == "cpu") return Device::cpu();
  if (text == "cuda") return Device::cuda(0);
  constexpr std::string_view kPrefix = "cuda:";
  if (text.substr(0, kPrefix.size()) == kPrefix) {
    const std::string_view digits = text.substr(kPrefix.size());
    int index = -1;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size() && index >= 0 && index <= 127)
      return Device::cuda(index);
  }
  return Error(ErrorCode::kInvalidArgument,
               "unknown device '" + std::string(text) + "'; expected 'cpu', 'cuda' or 'cuda:N' with N in 0..127");
}

std::string Device::to_string() const {
  return is_cpu() ? "cpu" : "cuda:" + std::to_string(index_);
}

}  // namespace gantry::inline GANTRY_ABI

// SPDX-License-Identifier: Apache-2.0
// Any bytes as a .npy file; what is accepted is written and read again.
#include "model/npy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry::detail;
  const auto tensor = parse_npy(gantry::Bytes::copy(data, size));
  if (!tensor) return 0;
  const auto again = parse_npy(to_npy(*tensor).value());
  if (!again || again->to_string() != tensor->to_string()) std::abort();
  return 0;
}

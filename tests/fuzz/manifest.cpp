// SPDX-License-Identifier: Apache-2.0
// Any bytes as gantry.json.
#include "package/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto manifest = gantry::detail::parse_manifest(gantry::Bytes::copy(data, size));
  if (!manifest) return 0;
  for (const auto& file : manifest->files)
    if (!gantry::detail::is_safe_path(file.first)) std::abort();
  return 0;
}

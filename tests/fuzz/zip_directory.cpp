// SPDX-License-Identifier: Apache-2.0
// Any bytes as a zip file: TorchScript files and AOTInductor packages are.
#include "engine/torch/zip_directory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("zip", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  const auto entries = gantry::libtorch::read_zip_directory(gantry::ModelFile::open(path).value());
  if (!entries) return 0;
  for (const auto& entry : *entries)
    if (entry.name.empty() || entry.name[0] == '/' || entry.name.find("../") == 0) std::abort();
  return 0;
}

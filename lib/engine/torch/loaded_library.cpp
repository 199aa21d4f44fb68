// SPDX-License-Identifier: Apache-2.0
// Walks over the loaded libraries. dladdr() on a function of LibTorch does not help: in a program that is not
// position-independent the function's address is in the program.
#include "engine/torch/loaded_library.hpp"

#include <link.h>

#include <string_view>

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

int note_torch_cpu(dl_phdr_info* info, std::size_t, void* found) {
  const std::string_view path = info->dlpi_name;
  const auto name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  if (name.substr(0, 15) != "libtorch_cpu.so") return 0;
  *static_cast<std::string*>(found) = path;
  return 1;
}

int note_library(dl_phdr_info* info, std::size_t, void* found) {
  if (info->dlpi_name[0] != '\0') static_cast<std::vector<std::string>*>(found)->emplace_back(info->dlpi_name);
  return 0;
}

}  // namespace

const std::string& torch_cpu_path() {
  static const std::string path = [] {
    std::string found;
    ::dl_iterate_phdr(note_torch_cpu, &found);
    return found;
  }();
  return path;
}

std::string torch_directory() {
  const std::string& path = torch_cpu_path();
  return path.substr(0, path.rfind('/') + 1);
}

std::vector<std::string> loaded_libraries() {
  std::vector<std::string> found;
  ::dl_iterate_phdr(note_library, &found);
  return found;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

// SPDX-License-Identifier: Apache-2.0
// Opens an embedded shared library from memory.
#include "engine/torch/torch_soname.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

// GANTRY_EMPTY_LIBTORCH: the path of the file that CMake builds from empty_library.cpp.
asm(R"(
  .section .rodata
  .local gantry_empty_libtorch_begin
  .local gantry_empty_libtorch_end
gantry_empty_libtorch_begin:
  .incbin ")" GANTRY_EMPTY_LIBTORCH R"("
gantry_empty_libtorch_end:
  .previous
)");
extern "C" {
extern const char gantry_empty_libtorch_begin[] __attribute__((visibility("hidden")));
extern const char gantry_empty_libtorch_end[] __attribute__((visibility("hidden")));
}

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

constexpr const char* kName = "libtorch.so";

Error refuse(const std::string& why) {
  return Error(ErrorCode::kFailedPrecondition,
               "the package needs libtorch.so, and gantry's stand-in cannot be loaded from memory: " + why);
}

bool write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t put = ::write(fd, data, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    data += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

}  // namespace

Result<TorchSoname> TorchSoname::open() {
  if (void* loaded = ::dlopen(kName, RTLD_LAZY | RTLD_NOLOAD)) return TorchSoname(loaded);
  const int fd = ::memfd_create(kName, MFD_CLOEXEC);
  if (fd < 0) return refuse(std::generic_category().message(errno));
  const auto size = static_cast<std::size_t>(gantry_empty_libtorch_end - gantry_empty_libtorch_begin);
  void* library = nullptr;
  std::string why = "it cannot be written";
  if (write_all(fd, gantry_empty_libtorch_begin, size)) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    const char* error = library ? nullptr : ::dlerror();
    if (error) why = error;
  }
  ::close(fd);
  if (!library) return refuse(why);
  return TorchSoname(library);
}

TorchSoname::~TorchSoname() {
  if (library_) ::dlclose(library_);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

// SPDX-License-Identifier: Apache-2.0
#include "core/shared_library.hpp"

#include <dlfcn.h>
#include <link.h>

#include <filesystem>
#include <system_error>

namespace gantry::inline GANTRY_ABI::detail {

Result<SharedLibrary> SharedLibrary::load(const std::string& path, int flags) {
  const auto refuse = [](const std::string& why) { return Error(ErrorCode::kFailedPrecondition, why); };
  std::error_code failure;
  if (path.find('\0') != std::string::npos) return refuse("the path contains a zero byte");
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) return refuse(failure ? failure.message() : "there is no such file");
  if (!std::filesystem::is_regular_file(status)) return refuse("it is no regular file");
  void* const handle = ::dlopen((path.find('/') == std::string::npos ? "./" + path : path).c_str(), flags);
  if (handle != nullptr) return SharedLibrary(handle);
  const char* const text = ::dlerror();
  return refuse(text ? text : "for no reason that the dynamic loader gives");
}

void* SharedLibrary::function(const char* name) const {
  void* const symbol = ::dlsym(handle_, name);
  Dl_info info;
  void* entry = nullptr;
  if (symbol == nullptr || ::dladdr1(symbol, &info, &entry, RTLD_DL_SYMENT) == 0 || entry == nullptr) return symbol;
  const bool is_variable = (static_cast<const ElfW(Sym)*>(entry)->st_info & 0xf) == STT_OBJECT;
  return is_variable ? nullptr : symbol;
}

}  // namespace gantry::inline GANTRY_ABI::detail

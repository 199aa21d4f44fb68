// SPDX-License-Identifier: Apache-2.0
// Names of types.
#include <cxxabi.h>

#include <cstdlib>
#include <gantry/demangled_name.hpp>
#include <memory>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

std::string demangled_name(const std::type_info& id) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(id.name(), nullptr, nullptr, &status),
                                                    &std::free);
  std::string name = status == 0 ? text.get() : id.name();
  constexpr std::string_view kOwn = "gantry::", kOwnAbi = "gantry::" GANTRY_DETAIL_TEXT(GANTRY_ABI) "::";
  // Removes the inline namespace, which users do not write. It also occurs in template arguments.
  for (std::size_t at = name.find(kOwnAbi); at != std::string::npos; at = name.find(kOwnAbi, at))
    name.replace(at, kOwnAbi.size(), kOwn);
  if (name.compare(0, kOwn.size(), kOwn) == 0) name.erase(0, kOwn.size());
  return name;
}

}  // namespace gantry::inline GANTRY_ABI::detail

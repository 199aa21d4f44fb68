// SPDX-License-Identifier: Apache-2.0
// Names of payload types, and care for the memory that they look at.
#include <cxxabi.h>

#include <cstdlib>
#include <gantry/value.hpp>
#include <memory>

namespace gantry::detail {

std::string demangled_name(const std::type_info& id) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(id.name(), nullptr, nullptr, &status),
                                                    &std::free);
  std::string name = status == 0 ? text.get() : id.name();
  constexpr std::string_view kOwn = "gantry::";
  if (name.compare(0, kOwn.size(), kOwn) == 0) name.erase(0, kOwn.size());
  return name;
}

void settle_memory(Tensor& tensor, MemoryCare care) {
  constexpr std::size_t kRatio = 4;
  constexpr std::size_t kAlwaysKept = 64;  // one allocation unit
  if (care == MemoryCare::kOwn) {
    if (!tensor.owner() && tensor.numel() > 0) tensor = tensor.clone().value();
    return;
  }
  const std::size_t pinned = tensor.storage_bytes();
  if (pinned <= kAlwaysKept || pinned <= kRatio * tensor.size_bytes()) return;
  auto copy = tensor.clone();
  if (copy) tensor = *std::move(copy);  // without memory for a copy the view stays: correct, only larger
}

void settle_memory(Bytes& bytes, MemoryCare care) {
  if (care == MemoryCare::kOwn && !bytes.has_owner()) bytes = Bytes::copy(bytes.data(), bytes.size());
}

}  // namespace gantry::detail

// SPDX-License-Identifier: Apache-2.0
#include "core/file_pages.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Bytes own_pages(void* data, std::size_t size) {
  return Bytes::wrap(data, size, std::shared_ptr<const void>(data, [size](const void* pages) {
                       ::munmap(const_cast<void*>(pages), size);
                     }));
}

/// The error that follows from errno.
Error no_pages(const std::string& name, std::size_t size) {
  const int reason = errno;
  return Error(
      reason == ENOMEM || reason == EAGAIN ? ErrorCode::kResourceExhausted : ErrorCode::kFailedPrecondition,
      "cannot have the " + std::to_string(size) + " bytes of '" + name + "' in memory: " + system_message(reason));
}

}  // namespace

Result<Bytes> map_file(const OpenFile& file, const std::string& name) {
  const auto size = static_cast<std::size_t>(file.size());
  if (const auto now = file.size_now(); !now || *now < size)
    return Error(ErrorCode::kFailedPrecondition, "file '" + name + "': was cut short since it was opened");
  if (size == 0) return Bytes();
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (data == MAP_FAILED) return no_pages(name, size);
  return own_pages(data, size);
}

Result<PagesToSeal> PagesToSeal::make(std::size_t size, const std::string& name) {
  if (size == 0) return PagesToSeal(nullptr, 0);
  void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return no_pages(name, size);
  return PagesToSeal(data, size);
}

PagesToSeal::PagesToSeal(PagesToSeal&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

PagesToSeal::~PagesToSeal() {
  if (data_) ::munmap(data_, size_);
}

Result<Bytes> PagesToSeal::seal(const std::string& name) && {
  if (!data_) return Bytes();
  if (::mprotect(data_, size_, PROT_READ) != 0) return no_pages(name, size_);
  return own_pages(std::exchange(data_, nullptr), size_);
}

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// Bytes, and reading a file into one.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <gantry/bytes.hpp>
#include <new>
#include <utility>

namespace gantry::inline GANTRY_ABI {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Error cannot_read(const std::string& path, int error_number) {
  const auto code =
      error_number == ENOENT || error_number == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kFailedPrecondition;
  return Error(code, "cannot read '" + path + "': " + std::strerror(error_number));
}

}  // namespace

Bytes::Bytes(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  data_ = reinterpret_cast<const std::uint8_t*>(owner->data());
  size_ = owner->size();
  owner_ = std::move(owner);
}

Bytes::Bytes(std::vector<std::uint8_t> bytes) {
  auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  data_ = owner->data();
  size_ = owner->size();
  owner_ = std::move(owner);
}

Bytes Bytes::copy(const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::uint8_t*>(data);
  return Bytes(std::vector<std::uint8_t>(begin, begin + size));
}

Bytes Bytes::wrap(const void* data, std::size_t size, std::shared_ptr<const void> owner) {
  Bytes bytes;
  bytes.owner_ = std::move(owner);
  bytes.data_ = static_cast<const std::uint8_t*>(data);
  bytes.size_ = size;
  return bytes;
}

Result<Bytes> read_file(const std::string& path, std::size_t max_bytes) {
  if (path.find('\0') != std::string::npos)  // the system would cut the path at the NUL and read another file
    return Error(ErrorCode::kInvalidArgument, "the path contains a zero byte");
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return cannot_read(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return cannot_read(path, errno);
  if (!S_ISREG(status.st_mode))
    return Error(ErrorCode::kFailedPrecondition, "cannot read '" + path + "': not a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes)
    return Error(ErrorCode::kResourceExhausted,
                 "'" + path + "' has " + std::to_string(size) + " bytes, the limit is " + std::to_string(max_bytes))
        .with_reason(ErrorReason::kInputTooLarge);
  try {
    std::vector<std::uint8_t> content(size);
    std::size_t filled = 0;
    while (filled < size) {
      const ssize_t got = ::read(file.get(), content.data() + filled, size - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return cannot_read(path, errno);
      if (got == 0) break;  // the file shrank while it was read
      filled += static_cast<std::size_t>(got);
    }
    content.resize(filled);
    return Bytes(std::move(content));
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kResourceExhausted,
                 "no memory for the " + std::to_string(size) + " bytes of '" + path + "'")
        .with_reason(ErrorReason::kOutOfMemory);
  }
}

}  // namespace gantry::inline GANTRY_ABI

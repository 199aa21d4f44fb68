// SPDX-License-Identifier: Apache-2.0
// Reading a zip file's directory, and copying stored entries out of it.
#include "engine/zip_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace gantry::libtorch {
namespace {

constexpr std::uint64_t kMaxDirectoryBytes = std::uint64_t{64} << 20;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kMaxCommentSize = 65535;
constexpr std::size_t kLocatorSize = 20;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kHeaderSize = 46;
constexpr std::size_t kLocalHeaderSize = 30;

std::string reason_of(int error_number) {
  return std::generic_category().message(error_number);
}

/// A file descriptor that closes itself. Opening does not wait for the other end of a pipe.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, mode)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return fd_ >= 0; }
  /// Nothing unless it is a regular file.
  std::optional<std::uint64_t> size() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
  }

  /// Exactly `size` bytes at `offset`, or nothing.
  std::optional<std::string> read(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(fd_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return std::nullopt;
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }

  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

 private:
  int fd_;
};

/// A little-endian number of `size` bytes; the caller has checked the bounds.
std::uint64_t number(std::string_view bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  return value;
}

struct Directory {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t count = 0;
};

/// Where the directory is, from the record at the end of the file.
std::optional<Directory> find_directory(const File& file, std::uint64_t file_size) {
  if (file_size < kEndSize) return std::nullopt;
  const auto tail_size = static_cast<std::size_t>(std::min<std::uint64_t>(file_size, kEndSize + kMaxCommentSize));
  const std::uint64_t tail_offset = file_size - tail_size;
  const auto tail = file.read(tail_offset, tail_size);
  if (!tail) return std::nullopt;
  const auto end = tail->rfind("PK\5\6", tail_size - kEndSize);
  if (end == std::string::npos) return std::nullopt;
  Directory directory{number(*tail, end + 16, 4), number(*tail, end + 12, 4), number(*tail, end + 10, 2)};
  const bool is_zip64 = directory.offset == 0xffffffff || directory.size == 0xffffffff || directory.count == 0xffff;
  if (!is_zip64) return directory;
  const std::uint64_t end_offset = tail_offset + end;
  if (end_offset < kLocatorSize) return std::nullopt;
  const auto locator = file.read(end_offset - kLocatorSize, kLocatorSize);
  if (!locator || locator->compare(0, 4, "PK\6\7") != 0) return std::nullopt;
  const std::uint64_t end64_offset = number(*locator, 8, 8);
  if (end64_offset > file_size || file_size - end64_offset < kEnd64Size) return std::nullopt;
  const auto end64 = file.read(end64_offset, kEnd64Size);
  if (!end64 || end64->compare(0, 4, "PK\6\6") != 0) return std::nullopt;
  return Directory{number(*end64, 48, 8), number(*end64, 40, 8), number(*end64, 32, 8)};
}

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.front() == '/') return false;
  for (const char c : name)
    if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  while (!name.empty()) {
    const auto part = name.substr(0, name.find('/'));
    if (part == "..") return false;
    name.remove_prefix(std::min(name.size(), part.size() + 1));
  }
  return true;
}

/// Replaces the fields of 0xffffffff by those of the zip64 extra field. False if one is missing.
bool apply_zip64(std::string_view extra, std::uint64_t full_size, ZipEntry& entry) {
  const bool needs_full = full_size == 0xffffffff;
  const bool needs_size = entry.size == 0xffffffff;
  const bool needs_offset = entry.local_header == 0xffffffff;
  if (!needs_full && !needs_size && !needs_offset) return true;
  while (extra.size() >= 4) {
    const auto size = static_cast<std::size_t>(number(extra, 2, 2));
    if (size > extra.size() - 4) return false;
    if (number(extra, 0, 2) == 1) {
      const std::size_t wanted = 8 * (std::size_t{needs_full} + needs_size + needs_offset);
      if (size < wanted) return false;
      std::size_t at = 4 + (needs_full ? 8 : 0);
      if (needs_size) entry.size = number(extra, at, 8);
      if (needs_size) at += 8;
      if (needs_offset) entry.local_header = number(extra, at, 8);
      return true;
    }
    extra.remove_prefix(4 + size);
  }
  return false;
}

/// The entry at the front of `rest`, which is shortened by it; nothing if it is damaged.
std::optional<ZipEntry> take_entry(std::string_view& rest) {
  if (rest.size() < kHeaderSize || rest.substr(0, 4) != "PK\1\2") return std::nullopt;
  const auto name_size = static_cast<std::size_t>(number(rest, 28, 2));
  const auto extra_size = static_cast<std::size_t>(number(rest, 30, 2));
  const auto comment_size = static_cast<std::size_t>(number(rest, 32, 2));
  const std::size_t size = kHeaderSize + name_size + extra_size + comment_size;
  if (rest.size() < size) return std::nullopt;
  ZipEntry entry;
  entry.name = rest.substr(kHeaderSize, name_size);
  entry.is_stored = number(rest, 10, 2) == 0;
  entry.size = number(rest, 20, 4);
  entry.local_header = number(rest, 42, 4);
  if (!apply_zip64(rest.substr(kHeaderSize + name_size, extra_size), number(rest, 24, 4), entry)) return std::nullopt;
  rest.remove_prefix(size);
  return entry;
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) {
    const int reason = errno;
    const auto code = reason == ENOENT || reason == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kFailedPrecondition;
    return Error(code, "cannot open '" + path + "': " + reason_of(reason));
  }
  const auto refuse = [&](const std::string& why) {
    return Error(ErrorCode::kInvalidArgument, "'" + path + "' is not a model file: " + why);
  };
  const auto size = file.size();
  if (!size) return refuse("not a regular file");
  const std::uint64_t file_size = *size;
  const auto directory = find_directory(file, file_size);
  if (!directory) return refuse("not a zip file, or one that was cut short");
  if (directory->size > kMaxDirectoryBytes || directory->size > file_size ||
      directory->offset > file_size - directory->size)
    return refuse("its zip directory is damaged");
  const auto bytes = file.read(directory->offset, static_cast<std::size_t>(directory->size));
  if (!bytes) return refuse("its zip directory is damaged");

  std::vector<ZipEntry> entries;
  std::string_view rest = *bytes;
  for (std::uint64_t i = 0; i < directory->count; ++i) {
    auto entry = take_entry(rest);
    if (!entry || entry->size > file_size || entry->local_header > file_size - entry->size)
      return refuse("its zip directory is damaged");
    if (!is_safe_name(entry->name)) return refuse("the entry '" + entry->name + "' has an unsafe name");
    entries.push_back(*std::move(entry));
  }
  return entries;
}

std::optional<std::string_view> after_prefix(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) == prefix) return name.substr(prefix.size());
  const auto root = name.find('/');
  if (root == std::string_view::npos || name.substr(root + 1, prefix.size()) != prefix) return std::nullopt;
  return name.substr(root + 1 + prefix.size());
}

Result<void> extract_stored(const std::string& zip_path, const ZipEntry& entry, const std::string& to) {
  const auto fail = [&](ErrorCode code, const std::string& why) {
    return Error(code, "cannot unpack '" + entry.name + "' of '" + zip_path + "': " + why);
  };
  if (!entry.is_stored) return fail(ErrorCode::kUnsupported, "it is compressed, which torch's own packages are not");
  const File from(zip_path, O_RDONLY);
  if (!from.is_open()) return fail(ErrorCode::kFailedPrecondition, reason_of(errno));
  if (!from.size()) return fail(ErrorCode::kInvalidArgument, "not a regular file");
  const auto header = from.read(entry.local_header, kLocalHeaderSize);
  if (!header || header->compare(0, 4, "PK\3\4") != 0)
    return fail(ErrorCode::kInvalidArgument, "the zip file is damaged");
  const std::uint64_t begin = entry.local_header + kLocalHeaderSize + number(*header, 26, 2) + number(*header, 28, 2);

  const File out(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (!out.is_open()) return fail(ErrorCode::kFailedPrecondition, "'" + to + "': " + reason_of(errno));
  constexpr std::uint64_t kBlock = 1 << 20;
  for (std::uint64_t done = 0; done < entry.size; done += kBlock) {
    const auto block = from.read(begin + done, static_cast<std::size_t>(std::min(kBlock, entry.size - done)));
    if (!block) return fail(ErrorCode::kInvalidArgument, "the zip file was cut short");
    if (!out.write(*block)) {
      const int reason = errno;
      const bool is_full = reason == ENOSPC || reason == EDQUOT;
      return fail(is_full ? ErrorCode::kResourceExhausted : ErrorCode::kFailedPrecondition,
                  "'" + to + "': " + reason_of(reason));
    }
  }
  return {};
}

}  // namespace gantry::libtorch

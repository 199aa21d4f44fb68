// SPDX-License-Identifier: Apache-2.0
// Reads a zip file's directory, and copies stored entries out of it.
#include "engine/torch/zip_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/open_file.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

constexpr std::uint64_t kMaxDirectoryBytes = std::uint64_t{64} << 20;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kMaxCommentSize = 65535;
constexpr std::size_t kLocatorSize = 20;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kHeaderSize = 46;
constexpr std::size_t kLocalHeaderSize = 30;

Result<std::string> read(const ModelFile& file, std::uint64_t offset, std::uint64_t size) {
  std::string bytes(static_cast<std::size_t>(size), '\0');
  GANTRY_RETURN_IF_ERROR(file.read(offset, bytes.data(), bytes.size()));
  return bytes;
}

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

/// Finds the directory through the record at the end of the file; nullopt if there is none.
Result<std::optional<Directory>> find_directory(const ModelFile& file) {
  const auto nothing = std::optional<Directory>();
  const std::uint64_t file_size = file.size();
  if (file_size < kEndSize) return nothing;
  const auto tail_size = static_cast<std::size_t>(std::min<std::uint64_t>(file_size, kEndSize + kMaxCommentSize));
  const std::uint64_t tail_offset = file_size - tail_size;
  GANTRY_ASSIGN_OR_RETURN(const auto tail, read(file, tail_offset, tail_size));
  const auto end = tail.rfind("PK\5\6", tail_size - kEndSize);
  if (end == std::string::npos) return nothing;
  const Directory directory{number(tail, end + 16, 4), number(tail, end + 12, 4), number(tail, end + 10, 2)};
  const bool is_zip64 = directory.offset == 0xffffffff || directory.size == 0xffffffff || directory.count == 0xffff;
  if (!is_zip64) return std::optional(directory);
  const std::uint64_t end_offset = tail_offset + end;
  if (end_offset < kLocatorSize) return nothing;
  GANTRY_ASSIGN_OR_RETURN(const auto locator, read(file, end_offset - kLocatorSize, kLocatorSize));
  if (locator.compare(0, 4, "PK\6\7") != 0) return nothing;
  const std::uint64_t end64_offset = number(locator, 8, 8);
  if (end64_offset > file_size || file_size - end64_offset < kEnd64Size) return nothing;
  GANTRY_ASSIGN_OR_RETURN(const auto end64, read(file, end64_offset, kEnd64Size));
  if (end64.compare(0, 4, "PK\6\6") != 0) return nothing;
  return std::optional(Directory{number(end64, 48, 8), number(end64, 40, 8), number(end64, 32, 8)});
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

/// Replaces fields of 0xffffffff with those of the zip64 extra field. False if one is missing.
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

/// Removes the entry at the front of `rest`; nullopt if it is damaged.
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

Error cannot_unpack(const ModelFile& file, const ZipEntry& entry, ErrorCode code, const std::string& why) {
  return Error(code, "cannot unpack '" + entry.name + "' of '" + file.name() + "': " + why);
}

/// The offset of a stored entry's bytes, all of which are in the file.
Result<std::uint64_t> begin_of(const ModelFile& file, const ZipEntry& entry) {
  if (!entry.is_stored)
    return cannot_unpack(file, entry, ErrorCode::kUnsupported, "it is compressed, which torch's own packages are not");
  const auto damaged = [&](const char* why) { return cannot_unpack(file, entry, ErrorCode::kInvalidArgument, why); };
  if (entry.local_header > file.size() || file.size() - entry.local_header < kLocalHeaderSize)
    return damaged("the zip file is damaged");
  GANTRY_ASSIGN_OR_RETURN(const auto header, read(file, entry.local_header, kLocalHeaderSize));
  if (header.compare(0, 4, "PK\3\4") != 0) return damaged("the zip file is damaged");
  const std::uint64_t begin = entry.local_header + kLocalHeaderSize + number(header, 26, 2) + number(header, 28, 2);
  if (begin > file.size() || entry.size > file.size() - begin) return damaged("the zip file was cut short");
  return begin;
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(const ModelFile& file) {
  const auto refuse = [&](const std::string& why) {
    return Error(ErrorCode::kInvalidArgument, "'" + file.name() + "' is not a model file: " + why);
  };
  const std::uint64_t file_size = file.size();
  GANTRY_ASSIGN_OR_RETURN(const auto directory, find_directory(file));
  if (!directory) return refuse("not a zip file, or one that was cut short");
  if (directory->size > kMaxDirectoryBytes || directory->size > file_size ||
      directory->offset > file_size - directory->size)
    return refuse("its zip directory is damaged");
  GANTRY_ASSIGN_OR_RETURN(const auto bytes, read(file, directory->offset, directory->size));

  std::vector<ZipEntry> entries;
  std::string_view rest = bytes;
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

Result<std::string> read_stored(const ModelFile& file, const ZipEntry& entry, std::uint64_t limit) {
  GANTRY_ASSIGN_OR_RETURN(auto begin, begin_of(file, entry));
  if (entry.size > limit)
    return cannot_unpack(file, entry, ErrorCode::kInvalidArgument,
                         "it has more than " + std::to_string(limit) + " bytes");
  return read(file, begin, entry.size);
}

Result<void> read_stored_into(const ModelFile& file, const ZipEntry& entry, void* target) {
  GANTRY_ASSIGN_OR_RETURN(const auto begin, begin_of(file, entry));
  return file.read(begin, target, static_cast<std::size_t>(entry.size));
}

Result<void> extract_stored(const ModelFile& file, const ZipEntry& entry, const std::string& to) {
  GANTRY_ASSIGN_OR_RETURN(const auto begin, begin_of(file, entry));
  const auto out = detail::OpenFile::create(to);
  if (!out)
    return cannot_unpack(file, entry, ErrorCode::kFailedPrecondition, "'" + to + "': " + detail::system_message(errno));
  constexpr std::uint64_t kBlock = 1 << 20;
  for (std::uint64_t done = 0; done < entry.size; done += kBlock) {
    GANTRY_ASSIGN_OR_RETURN(const auto block, read(file, begin + done, std::min(kBlock, entry.size - done)));
    if (!out->write(block)) {
      const int reason = errno;
      const bool is_full = reason == ENOSPC || reason == EDQUOT;
      return cannot_unpack(file, entry, is_full ? ErrorCode::kResourceExhausted : ErrorCode::kFailedPrecondition,
                           "'" + to + "': " + detail::system_message(reason));
    }
  }
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

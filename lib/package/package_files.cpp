// SPDX-License-Identifier: Apache-2.0
// Walking a package directory and hashing its files. Files are opened with O_NOFOLLOW, and sizes are compared before
// anything is read.
#include "package/package_files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

namespace gantry::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxManifestBytes = 16 << 20;
constexpr std::size_t kChunkBytes = 1 << 20;

Error altered(const std::string& name, const std::string& what) {
  return Error(ErrorCode::kFailedPrecondition, "file '" + name + "': " + what);
}

/// A regular file, open for reading.
class OpenFile {
 public:
  static Result<OpenFile> open(const std::string& path, const std::string& name) {
    OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.descriptor_ < 0 && errno == ENOENT) return Error(ErrorCode::kNotFound, "file '" + name + "' is missing");
    if (file.descriptor_ < 0 && errno == ELOOP) return altered(name, "is a symbolic link");
    if (file.descriptor_ < 0)
      return altered(name, "cannot be opened: " + std::error_code(errno, std::generic_category()).message());
    struct stat info {};
    if (::fstat(file.descriptor_, &info) != 0 || !S_ISREG(info.st_mode)) return altered(name, "is not a regular file");
    file.size_ = info.st_size;
    return file;
  }
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  std::int64_t size() const { return size_; }

  /// Reads up to `size` bytes; 0 at the end, nothing on failure.
  std::optional<std::size_t> read(void* target, std::size_t size) const {
    ssize_t count = -1;
    do count = ::read(descriptor_, target, size);
    while (count < 0 && errno == EINTR);
    if (count < 0) return std::nullopt;
    return static_cast<std::size_t>(count);
  }

 private:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
  std::int64_t size_ = 0;
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw std::runtime_error("OpenSSL has no SHA-256");
  }
  void update(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
      text += kDigits[digest[i] >> 4];
      text += kDigits[digest[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

Result<void> check_size(const std::string& name, std::int64_t size, const FileEntry& entry) {
  if (size == entry.bytes) return {};
  return altered(name, "has " + std::to_string(size) + " bytes, gantry.json lists " + std::to_string(entry.bytes));
}

Result<void> check_hash(const std::string& name, const std::string& hash, const FileEntry& entry) {
  if (hash == entry.sha256) return {};
  return altered(name, "has SHA-256 " + hash + ", gantry.json lists " + entry.sha256);
}

Result<void> verify_file(const std::string& path, const std::string& name, const FileEntry& entry) {
  auto file = OpenFile::open(path, name);
  if (!file) {
    if (file.error().code() == ErrorCode::kNotFound) return altered(name, "is listed in gantry.json, but missing");
    return std::move(file).error();
  }
  if (auto ok = check_size(name, file->size(), entry); !ok) return ok;
  Sha256 hash;
  std::vector<unsigned char> chunk(kChunkBytes);
  std::int64_t total = 0;
  while (true) {
    const auto count = file->read(chunk.data(), chunk.size());
    if (!count) return altered(name, "cannot be read");
    if (*count == 0) break;
    hash.update(chunk.data(), *count);
    total += static_cast<std::int64_t>(*count);
    if (total > entry.bytes) break;  // it grows while it is read
  }
  if (auto ok = check_size(name, total, entry); !ok) return ok;
  return check_hash(name, hash.hex(), entry);
}

Result<Bytes> read_whole(const OpenFile& file, const std::string& name) {
  std::vector<std::uint8_t> content(static_cast<std::size_t>(file.size()));
  std::size_t filled = 0;
  while (filled < content.size()) {
    const auto count = file.read(content.data() + filled, content.size() - filled);
    if (!count || *count == 0) return altered(name, "cannot be read to its end");
    filled += *count;
  }
  return Bytes(std::move(content));
}

/// Everything in the directory must be listed, or be a directory.
Result<void> refuse_strangers(const std::string& directory, const Manifest& manifest) {
  std::error_code failure;
  fs::recursive_directory_iterator entry(directory, failure);
  for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    const std::string name = fs::path(entry->path()).lexically_relative(directory).generic_string();
    const fs::file_status status = entry->symlink_status(failure);
    if (failure) break;
    if (fs::is_symlink(status)) return altered(name, "is a symbolic link");
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) return altered(name, "is not a regular file");
    if (name == "gantry.json" || name == "gantry.json.sig") continue;
    if (manifest.files.count(name) == 0) return altered(name, "is not listed in gantry.json");
  }
  if (failure) return Error(ErrorCode::kFailedPrecondition, "cannot list '" + directory + "': " + failure.message());
  return {};
}

}  // namespace

std::string sha256_hex(const Bytes& content) {
  Sha256 hash;
  hash.update(content.data(), content.size());
  return hash.hex();
}

Result<Bytes> read_package_file(const std::string& directory, const std::string& name) {
  std::error_code failure;
  if (directory.find('\0') != std::string::npos)
    return Error(ErrorCode::kInvalidArgument, "the package's path holds a zero byte");
  if (!fs::is_directory(directory, failure))
    return Error(ErrorCode::kNotFound, "there is no package directory '" + directory + "'");
  auto file = OpenFile::open(directory + "/" + name, name);
  if (!file) return std::move(file).error();
  if (file->size() > kMaxManifestBytes)
    return Error(ErrorCode::kResourceExhausted, "file '" + name + "' has " + std::to_string(file->size()) +
                                                    " bytes, the limit is " + std::to_string(kMaxManifestBytes));
  return read_whole(*file, name);
}

Result<PackageFiles> PackageFiles::verify(const std::string& directory, const Manifest& manifest) {
  try {
    if (auto ok = refuse_strangers(directory, manifest); !ok) return std::move(ok).error();
    for (const auto& [name, entry] : manifest.files)
      if (auto ok = verify_file(directory + "/" + name, name, entry); !ok) return std::move(ok).error();
  } catch (const std::exception& error) {
    return Error(ErrorCode::kResourceExhausted, "cannot check the files of '" + directory + "': " + error.what());
  }
  PackageFiles files;
  files.directory_ = directory;
  files.entries_ = manifest.files;
  return files;
}

Result<Bytes> PackageFiles::read(const std::string& name) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return Error(ErrorCode::kInvalidArgument, "file '" + name + "' is not listed in files");
  auto file = OpenFile::open(path_of(name), name);
  if (!file) return std::move(file).error();
  if (auto ok = check_size(name, file->size(), entry->second); !ok) return std::move(ok).error();
  auto content = read_whole(*file, name);
  if (!content) return content;
  if (auto ok = check_hash(name, sha256_hex(*content), entry->second); !ok) return std::move(ok).error();
  return content;
}

}  // namespace gantry::detail

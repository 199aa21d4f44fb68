// SPDX-License-Identifier: Apache-2.0
#include "package/verified_content.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/file_pages.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

Error was_written_to(const std::string& name) {
  return altered_file(name, "was written to since it was verified");
}

}  // namespace

Error altered_file(const std::string& name, const std::string& what) {
  return Error(ErrorCode::kFailedPrecondition, "file '" + name + "': " + what);
}

std::size_t VerifiedContent::block_size(std::size_t block) const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, file_.size() - block * kBlockBytes));
}

Result<std::shared_ptr<const VerifiedContent>> VerifiedContent::hash(OpenFile file, std::string name) {
  const std::shared_ptr<VerifiedContent> content(new VerifiedContent(std::move(file), std::move(name)));
  std::vector<unsigned char> bytes(kBlockBytes);
  Sha256 whole;
  Sha256 part;
  const auto blocks = static_cast<std::size_t>((content->size() + kBlockBytes - 1) / kBlockBytes);
  content->digests_.reserve(blocks);
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t size = content->block_size(block);
    if (!content->file_.read_exactly(block * kBlockBytes, bytes.data(), size))
      return altered_file(content->name_, "cannot be read to its end");
    whole.update(bytes.data(), size);
    part.update(bytes.data(), size);
    content->digests_.push_back(part.take());
  }
  content->sha256_ = to_hex(whole.take());
  return std::shared_ptr<const VerifiedContent>(content);
}

bool VerifiedContent::is_block(std::size_t block, const void* bytes) const {
  Sha256 hash;
  hash.update(bytes, block_size(block));
  return hash.take() == digests_[block];
}

Result<void> VerifiedContent::read_block(std::size_t block, void* target) const {
  const std::size_t size = block_size(block);
  if (!file_.read_exactly(block * kBlockBytes, target, size))
    return altered_file(name_, "was cut short while it was read");
  return is_block(block, target) ? Result<void>() : was_written_to(name_);
}

Result<void> VerifiedContent::read(std::uint64_t offset, void* target, std::size_t size) const {
  auto* out = static_cast<unsigned char*>(target);
  while (size > 0) {
    const auto block = static_cast<std::size_t>(offset / kBlockBytes);
    const auto begin = static_cast<std::size_t>(offset % kBlockBytes);
    const std::size_t count = std::min(size, block_size(block) - begin);
    if (count == block_size(block)) {
      GANTRY_RETURN_IF_ERROR(read_block(block, out));
    } else {
      const MutexLock lock(mutex_);
      if (last_.empty() || last_block_ != block) {
        last_.assign(block_size(block), 0);
        if (auto ok = read_block(block, last_.data()); !ok) {
          last_.clear();
          return ok;
        }
        last_block_ = block;
      }
      std::memcpy(out, last_.data() + begin, count);
    }
    out += count;
    offset += count;
    size -= count;
  }
  return {};
}

Result<Bytes> VerifiedContent::map() const {
  auto pages = map_file(file_, name_);
  if (!pages) return pages;
  for (std::size_t block = 0; block < digests_.size(); ++block)
    if (!is_block(block, pages->data() + block * kBlockBytes)) return was_written_to(name_);
  return pages;
}

}  // namespace gantry::inline GANTRY_ABI::detail

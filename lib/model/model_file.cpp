// SPDX-License-Identifier: Apache-2.0
// Opens files without a checksum to verify.
#include <cerrno>
#include <gantry/model_file.hpp>
#include <utility>

#include "core/file_pages.hpp"
#include "core/open_file.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

class PlainContent final : public detail::FileContent {
 public:
  PlainContent(std::string path, detail::OpenFile file) : path_(std::move(path)), file_(std::move(file)) {}
  const std::string& name() const override { return path_; }
  std::uint64_t size() const override { return file_.size(); }
  Result<void> read(std::uint64_t offset, void* target, std::size_t size) const override {
    if (file_.read_exactly(offset, target, size)) return {};
    return Error(ErrorCode::kFailedPrecondition, "cannot read '" + path_ + "': it was cut short, or cannot be read");
  }
  Result<Bytes> map() const override { return detail::map_file(file_, path_); }

 private:
  const std::string path_;
  const detail::OpenFile file_;
};

}  // namespace

detail::FileContent::~FileContent() = default;

Result<ModelFile> ModelFile::open(const std::string& path) {
  if (path.find('\0') != std::string::npos)  // the system would cut the path at the NUL and open another file
    return Error(ErrorCode::kInvalidArgument, "the path of the model file contains a zero byte");
  auto file = detail::OpenFile::open(path);
  if (!file) {
    const int reason = errno;
    const auto code = reason == ENOENT || reason == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kFailedPrecondition;
    return Error(code, "cannot open '" + path + "': " + detail::system_message(reason));
  }
  if (!file->is_regular())
    return Error(ErrorCode::kInvalidArgument, "'" + path + "' is not a model file: not a regular file");
  return ModelFile(std::make_shared<PlainContent>(path, *std::move(file)));
}

Result<void> ModelFile::read(std::uint64_t offset, void* target, std::size_t size) const {
  if (offset <= this->size() && size <= this->size() - offset) return content_->read(offset, target, size);
  return Error(ErrorCode::kInvalidArgument, "'" + name() + "' has " + std::to_string(this->size()) + " bytes, " +
                                                std::to_string(size) + " from " + std::to_string(offset) +
                                                " on were asked for");
}

Result<Bytes> ModelFile::pages(FileMemory memory) const {
  if (memory == FileMemory::kMapped) return content_->map();
  const auto bytes = static_cast<std::size_t>(size());
  GANTRY_ASSIGN_OR_RETURN(auto pages, detail::PagesToSeal::make(bytes, name()));
  GANTRY_RETURN_IF_ERROR(read(0, pages.data(), bytes));
  return std::move(pages).seal(name());
}

}  // namespace gantry::inline GANTRY_ABI

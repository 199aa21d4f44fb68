// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/program.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/executorch/call_log.hpp"
#include "engine/executorch/platform.hpp"

namespace gantry::inline GANTRY_ABI::executorch {

namespace et = ::executorch::runtime;

namespace {

/// Drops the whole pages of a released range: if they are read again, they come from the file.
void forget_pages(void*, void* data, std::size_t size) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + size) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace

et::Result<et::FreeableBuffer> PageLoader::load(std::size_t offset, std::size_t size, const SegmentInfo&) const {
  if (!has(offset, size)) {
    CallLog::add("the file is shorter than what it says of itself");
    return et::Error::InvalidProgram;
  }
  bytes_given_ += size;
  return et::FreeableBuffer(pages_.data() + offset, size, are_the_files_ ? forget_pages : nullptr);
}

et::Error PageLoader::load_into(std::size_t offset, std::size_t size, const SegmentInfo&, void* buffer) const {
  if (!has(offset, size)) {
    CallLog::add("the file is shorter than what it says of itself");
    return et::Error::InvalidProgram;
  }
  std::memcpy(buffer, pages_.data() + offset, size);
  return et::Error::Ok;
}

namespace {

/// Describes a file that is not a program, by its first bytes.
std::string describe_start(const Bytes& pages) {
  const std::string_view start(reinterpret_cast<const char*>(pages.data()), std::min<std::size_t>(pages.size(), 8));
  if (start.substr(0, 2) == "PK") return "a zip file, as TorchScript and AOTInductor packages are";
  if (start.empty()) return "empty";
  return start.size() < 8 ? "too short for one" : "something else";
}

Result<void> check_header(const Bytes& pages) {
  using Header = et::Program::HeaderStatus;
  const auto status = pages.size() < et::Program::kMinHeadBytes
                          ? Header::ShortData
                          : et::Program::check_header(pages.data(), et::Program::kMinHeadBytes);
  if (status == Header::CompatibleVersion) return {};
  if (status == Header::IncompatibleVersion) {
    const std::string found(reinterpret_cast<const char*>(pages.data()) + 4, 4);
    const bool is_text = std::all_of(found.begin(), found.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    return Error(ErrorCode::kFailedPrecondition,
                 "was exported in a version of ExecuTorch's format" + (is_text ? " ('" + found + "')" : "") +
                     " that ExecuTorch " GANTRY_EXECUTORCH_VERSION " does not read; export the model again");
  }
  return Error(ErrorCode::kInvalidArgument, "is no ExecuTorch program: it is " + describe_start(pages));
}

}  // namespace

Result<std::shared_ptr<const ProgramFile>> ProgramFile::open(const ModelFile& file, FileMemory memory) {
  GANTRY_ASSIGN_OR_RETURN(auto pages, file.pages(memory));
  GANTRY_RETURN_IF_ERROR(check_header(pages));
  const std::shared_ptr<ProgramFile> program(new ProgramFile(file.name(), std::move(pages), memory));
  GANTRY_RETURN_IF_ERROR(program->load());
  GANTRY_RETURN_IF_ERROR(program->find_methods());
  return std::shared_ptr<const ProgramFile>(program);
}

Result<void> ProgramFile::load() {
  const CallLog log;
  // Not the default verification, which follows offsets of the file without bounds checks.
  auto program = et::Program::load(&loader_, et::Program::Verification::InternalConsistency);
  if (!program.ok())
    return log.error(program.error(), ErrorCode::kInvalidArgument,
                     "is no whole ExecuTorch program; it was cut short or altered");
  program_.emplace(std::move(*program));
  return {};
}

Result<void> ProgramFile::find_methods() {
  std::string others;
  for (std::size_t i = 0; i < program_->num_methods(); ++i) {
    const auto name = program_->get_method_name(i);
    if (!name.ok()) continue;
    const std::string_view text = *name;
    if (text == "forward" || text.rfind("forward_", 0) == 0)
      methods_.emplace_back(text);
    else
      others += (others.empty() ? "'" : ", '") + std::string(text) + "'";
  }
  std::sort(methods_.begin(), methods_.end());
  if (!methods_.empty()) return {};
  return Error(ErrorCode::kInvalidArgument, "has no method 'forward'" + (others.empty() ? "" : ", only " + others));
}

}  // namespace gantry::inline GANTRY_ABI::executorch

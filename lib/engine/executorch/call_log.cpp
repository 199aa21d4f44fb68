// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/call_log.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

using Code = ::executorch::runtime::Error;

constexpr std::size_t kMaxLines = 16;
constexpr std::size_t kMaxReason = 600;

thread_local CallLog* current = nullptr;

/// Lines that XNNPACK logs because gantry holds the lock on the packed weights, as intended; they are ignored.
bool is_expected(std::string_view line) {
  return line.rfind("flock(", 0) == 0;
}

}  // namespace

CallLog::CallLog() : outer_(current) {
  current = this;
}

CallLog::~CallLog() {
  current = outer_;
}

void CallLog::add(std::string_view line) noexcept {
  if (current == nullptr || is_expected(line)) return;
  try {
    auto& lines = current->lines_;
    if (lines.size() < kMaxLines && std::find(lines.begin(), lines.end(), line) == lines.end())
      lines.emplace_back(line);
  } catch (...) {  // no memory: the error is reported without this line
  }
}

std::string CallLog::reason(Code error) const {
  std::string text;
  for (const std::string& line : lines_) text += (text.empty() ? "" : "; ") + line;
  if (text.empty()) text = std::string("ExecuTorch gives ") + ::executorch::runtime::to_string(error);
  if (text.size() > kMaxReason) text = std::string(detail::utf8_prefix(text, kMaxReason)) + "...";
  return text;
}

Error CallLog::error(Code error, ErrorCode otherwise, std::string_view what) const {
  const std::string text = std::string(what) + ": " + reason(error);
  if (error == Code::MemoryAllocationFailed || error == Code::DelegateMemoryAllocationFailed ||
      error == Code::OutOfResources)
    return Error(ErrorCode::kResourceExhausted, text).with_reason(ErrorReason::kOutOfMemory);
  return Error(otherwise, text);
}

}  // namespace gantry::inline GANTRY_ABI::executorch

// SPDX-License-Identifier: Apache-2.0
// Converts exceptions to Errors.
//
// Types do not say enough: an operation that fails in forward() throws a plain std::runtime_error with its message, and
// the CPU allocator throws a plain c10::Error. So out-of-memory is also recognised by its text.
#include "engine/torch/torch_error.hpp"

#include <c10/util/Exception.h>

#include <algorithm>
#include <exception>
#include <new>
#include <vector>

#include "core/error_or_out_of_memory.hpp"
#include "core/utf8.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

constexpr std::size_t kMaxLength = 600;
constexpr std::size_t kMaxLines = 4;

bool says_out_of_memory(std::string_view text) {
  for (const char* part : {"can't allocate memory", "not enough memory", "out of memory", "CUDA_ERROR_OUT_OF_MEMORY",
                           "CUBLAS_STATUS_ALLOC_FAILED", "std::bad_alloc"})
    if (text.find(part) != std::string_view::npos) return true;
  return false;
}

std::string_view trim(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

bool is_stack_frame(std::string_view line) {
  return line.substr(0, 7) == "frame #" || line.substr(0, 21) == "Exception raised from" ||
         line.substr(0, 14) == "C++ CapturedTr";
}

/// Lines that show the place, not the error: markers under a line of the model, and TorchScript's headings.
bool is_decoration(std::string_view line) {
  return line.empty() || line.find_first_not_of("~^<-= HERE") == std::string_view::npos ||
         line.substr(0, 9) == "Traceback" || line.substr(0, 23) == "The following operation";
}

/// The text from the last "SomethingError: " on, if it is a TorchScript traceback.
std::string_view message_of_traceback(std::string_view text) {
  if (text.find("Traceback of TorchScript") == std::string_view::npos) return text;
  const auto at = text.rfind("Error: ");
  if (at == std::string_view::npos) return text;
  const auto line = text.rfind('\n', at);
  return line == std::string_view::npos ? text : text.substr(line + 1);
}

/// CUDA errors after which the process can no longer compute on the device.
bool says_device_failed(std::string_view text) {
  if (text.find("CUDA error") == std::string_view::npos && text.find("CUDA_ERROR_") == std::string_view::npos)
    return false;
  for (const char* part : {"device-side assert", "illegal memory access", "illegal instruction", "misaligned address",
                           "unspecified launch failure", "uncorrectable", "hardware stack error", "ILLEGAL_ADDRESS",
                           "LAUNCH_FAILED", "ECC_UNCORRECTABLE"})
    if (text.find(part) != std::string_view::npos) return true;
  return false;
}

Error make_error(std::string_view text, ErrorCode otherwise) {
  if (says_device_failed(text))
    return Error(ErrorCode::kUnavailable, concise(text)).with_reason(ErrorReason::kUnhealthy);
  if (says_out_of_memory(text))
    return Error(ErrorCode::kResourceExhausted, concise(text)).with_reason(ErrorReason::kOutOfMemory);
  return Error(otherwise, concise(text));
}

}  // namespace

std::string concise(std::string_view text) {
  std::string line_up;
  std::size_t lines = 0;
  for (std::string_view rest = message_of_traceback(text); !rest.empty() && lines < kMaxLines;) {
    const auto line = trim(rest.substr(0, rest.find('\n')));
    rest.remove_prefix(
        std::min(rest.size(), rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n') + 1));
    if (is_stack_frame(line)) break;
    if (is_decoration(line)) continue;
    if (lines++ > 0) line_up += "; ";
    line_up += line;
  }
  if (line_up.size() > kMaxLength) line_up = std::string(detail::utf8_prefix(line_up, kMaxLength)) + "...";
  return line_up.empty() ? "no message" : line_up;
}

Error translate_torch_exception(ErrorCode otherwise) noexcept {
  try {
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    return detail::error_or_out_of_memory([&] {
      return Error(ErrorCode::kResourceExhausted, concise(error.what_without_backtrace()))
          .with_reason(ErrorReason::kOutOfMemory);
    });
  } catch (const c10::Error& error) {
    return detail::error_or_out_of_memory([&] { return make_error(error.what_without_backtrace(), otherwise); });
  } catch (const std::bad_alloc&) {
    return Error::out_of_memory();
  } catch (const std::exception& error) {
    return detail::error_or_out_of_memory([&] { return make_error(error.what(), otherwise); });
  } catch (...) {
    return detail::error_or_out_of_memory([&] { return Error(otherwise, "an exception of unknown type"); });
  }
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

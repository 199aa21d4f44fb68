// SPDX-License-Identifier: Apache-2.0
// The one place where LibTorch's exceptions become Errors.
#pragma once

#include <gantry/error.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::libtorch {

/// The exception being handled, as an Error; call it in a catch block. Out-of-memory of any kind is resource_exhausted;
/// everything else is `otherwise`. Never throws.
Error translate_torch_exception(ErrorCode otherwise) noexcept;

/// The relevant part of an exception's text, on one line: without C++ stack frames, and with a TorchScript traceback
/// reduced to the failing line of the model and the message.
std::string concise(std::string_view text);

}  // namespace gantry::inline GANTRY_ABI::libtorch

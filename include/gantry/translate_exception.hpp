// SPDX-License-Identifier: Apache-2.0
// translate_exception: the Error for an exception that a callable, an engine or a codec of the host threw.
#pragma once

#include <gantry/error.hpp>
#include <gantry/export.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

/// Translates the exception being handled; call inside a catch block. A ResultError gives its error, std::bad_alloc
/// out_of_memory(), everything else internal with the exception's type and text.
GANTRY_API Error translate_exception() noexcept;

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry

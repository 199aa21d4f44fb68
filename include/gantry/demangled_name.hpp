// SPDX-License-Identifier: Apache-2.0
// demangled_name: a type's name as errors and explain() print it.
#pragma once

#include <string>
#include <typeinfo>

#include <gantry/export.hpp>
#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detail {

/// "Image" for gantry::Image, "std::runtime_error" for others; the mangled name if it cannot be demangled.
GANTRY_API std::string demangled_name(const std::type_info& id);

}  // namespace detail
}  // namespace GANTRY_ABI
}  // namespace gantry

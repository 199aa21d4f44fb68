// SPDX-License-Identifier: Apache-2.0
// The version of gantry: macros for these headers, and version() for the library that the process runs with. CMake
// reads the version from here, so the package, the tool and the library names agree.
//
//   #if GANTRY_VERSION >= 200   // 0.2.0
//   if (std::strcmp(gantry::version(), GANTRY_VERSION_STRING) != 0) ...   // runs with another patch release
#pragma once

#include <gantry/export.hpp>

#define GANTRY_VERSION_MAJOR 0
#define GANTRY_VERSION_MINOR 1
#define GANTRY_VERSION_PATCH 0

/// One number for comparisons: 10000 for each major version, 100 for each minor, 1 for each patch.
#define GANTRY_VERSION (GANTRY_VERSION_MAJOR * 10000 + GANTRY_VERSION_MINOR * 100 + GANTRY_VERSION_PATCH)

#define GANTRY_DETAIL_TEXT(macro) GANTRY_DETAIL_TEXT_OF(macro)
#define GANTRY_DETAIL_TEXT_OF(text) #text
/// "0.1.0"
#define GANTRY_VERSION_STRING              \
  GANTRY_DETAIL_TEXT(GANTRY_VERSION_MAJOR) \
  "." GANTRY_DETAIL_TEXT(GANTRY_VERSION_MINOR) "." GANTRY_DETAIL_TEXT(GANTRY_VERSION_PATCH)

#define GANTRY_DETAIL_ABI(major, minor) GANTRY_DETAIL_ABI_OF(major, minor)
#define GANTRY_DETAIL_ABI_OF(major, minor) v##major##_##minor
/// v0_1: gantry's inline namespace, which holds every name, so that the symbols of two minor versions differ and one
/// process can contain both. Code of host applications writes gantry:: and never this name. It includes headers rather
/// than declare gantry's names itself: such declarations would be in another namespace.
#define GANTRY_ABI GANTRY_DETAIL_ABI(GANTRY_VERSION_MAJOR, GANTRY_VERSION_MINOR)

namespace gantry {
inline namespace GANTRY_ABI {

/// GANTRY_VERSION_STRING of the library that this process runs with. Its minor version equals that of the headers,
/// since a program cannot start with another one; its patch version may differ.
/// Thread-safe. Cost: none.
GANTRY_API const char* version() noexcept;

}  // namespace GANTRY_ABI
}  // namespace gantry

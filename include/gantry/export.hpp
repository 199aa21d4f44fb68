// SPDX-License-Identifier: Apache-2.0
// Marks the symbols that the shared libraries export; all others are hidden. Also refuses host applications whose
// standard library has another type layout than gantry's: they would link, or almost link, and then crash.
#pragma once

#include <cstddef>  // says which standard library this is

#if defined(_WIN32)
#error "gantry supports Linux only"
#endif
#define GANTRY_API __attribute__((visibility("default")))

// The settings of gantry's build; its CMake targets and gantry-core.pc define values that differ from the defaults.
#ifndef GANTRY_BUILT_WITH_LIBCXX
#define GANTRY_BUILT_WITH_LIBCXX 0
#endif
#ifndef GANTRY_BUILT_WITH_CXX11_ABI
#define GANTRY_BUILT_WITH_CXX11_ABI 1
#endif
#ifndef GANTRY_BUILT_WITH_GLIBCXX_DEBUG
#define GANTRY_BUILT_WITH_GLIBCXX_DEBUG 0
#endif

#if defined(_LIBCPP_VERSION) && !GANTRY_BUILT_WITH_LIBCXX
#error "this gantry was built with libstdc++: compile the host with it (-stdlib=libstdc++), or build gantry with libc++"
#elif !defined(_LIBCPP_VERSION) && GANTRY_BUILT_WITH_LIBCXX
#error "this gantry was built with libc++: compile the host with it (-stdlib=libc++), or build gantry with libstdc++"
#endif

#if defined(_GLIBCXX_USE_CXX11_ABI)
#if _GLIBCXX_USE_CXX11_ABI && !GANTRY_BUILT_WITH_CXX11_ABI
#error \
    "this gantry was built with _GLIBCXX_USE_CXX11_ABI=0, the old std::string: compile the host with it, or gantry without"
#elif !_GLIBCXX_USE_CXX11_ABI && GANTRY_BUILT_WITH_CXX11_ABI
#error \
    "this gantry was built with the new std::string: compile the host without _GLIBCXX_USE_CXX11_ABI=0, or gantry with it"
#endif
#endif

#if defined(_GLIBCXX_DEBUG) && !GANTRY_BUILT_WITH_GLIBCXX_DEBUG
#error \
    "this gantry was built without _GLIBCXX_DEBUG, which changes std::vector: compile the host without it (_GLIBCXX_ASSERTIONS changes nothing), or gantry with it"
#elif defined(__GLIBCXX__) && !defined(_GLIBCXX_DEBUG) && GANTRY_BUILT_WITH_GLIBCXX_DEBUG
#error \
    "this gantry was built with _GLIBCXX_DEBUG, which changes std::vector: compile the host with it, or gantry without"
#endif

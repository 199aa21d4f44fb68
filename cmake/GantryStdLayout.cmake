# SPDX-License-Identifier: Apache-2.0
# Sets GANTRY_STD_LAYOUT: what consumers must define where gantry is not compiled with libstdc++, the new std::string and
# plain containers. include/gantry/export.hpp compares it with how they are compiled themselves.
function(gantry_find_std_layout result)
  set(source [[
#include <cstddef>
#ifdef _LIBCPP_VERSION
#define A ";GANTRY_BUILT_WITH_LIBCXX=1"
#else
#define A ""
#endif
#if defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define B ";GANTRY_BUILT_WITH_CXX11_ABI=0"
#else
#define B ""
#endif
#ifdef _GLIBCXX_DEBUG
#define C ";GANTRY_BUILT_WITH_GLIBCXX_DEBUG=1"
#else
#define C ""
#endif
extern const char layout[] = "gantry_std_layout" A B C;
int main(int argc, char**) { return layout[argc] == 0; }
]])
  # The flags are known to try_compile(), what the project that contains gantry defines for its folders is not.
  get_directory_property(definitions COMPILE_DEFINITIONS)
  list(FILTER definitions INCLUDE REGEX "^_(GLIBCXX|LIBCPP)_")
  list(TRANSFORM definitions PREPEND "-D")
  get_directory_property(options COMPILE_OPTIONS)
  list(FILTER options INCLUDE REGEX "^(-D_(GLIBCXX|LIBCPP)_|-stdlib=)")
  try_compile(compiles SOURCE_FROM_VAR layout.cpp source COMPILE_DEFINITIONS ${definitions} ${options}
              LINK_OPTIONS ${options} COPY_FILE "${PROJECT_BINARY_DIR}/std_layout" NO_CACHE OUTPUT_VARIABLE output)
  if(NOT compiles)
    message(FATAL_ERROR "the C++ compiler cannot compile a small program:\n${output}")
  endif()
  file(STRINGS "${PROJECT_BINARY_DIR}/std_layout" found REGEX "gantry_std_layout" LIMIT_COUNT 1)
  string(REGEX MATCHALL "GANTRY_BUILT_WITH_[A-Z0-9_]+=[01]" found "${found}")
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

gantry_find_std_layout(GANTRY_STD_LAYOUT)
if(GANTRY_TORCH AND GANTRY_STD_LAYOUT)
  message(FATAL_ERROR "gantry is to be compiled with ${GANTRY_STD_LAYOUT}, which LibTorch is not: leave that out of the \
flags, or build gantry without its engines (-DGANTRY_TORCH=OFF)")
endif()

# SPDX-License-Identifier: Apache-2.0
# Finds ExecuTorch's C++ libraries in its Python wheel. The wheel's own CMake package has targets only from CMake 3.28 on,
# and links libraries that gantry loads when a model needs them.
#
#   set(GANTRY_EXECUTORCH_ROOT ...)            # optional; or an environment variable of that name
#   find_package(GantryExecutorch 1.5)
#   target_link_libraries(engine PRIVATE gantry_executorch::runtime)
#
# Where it looks: GANTRY_EXECUTORCH_ROOT alone if it is given: the `executorch` folder of an installed or unpacked wheel.
# Otherwise the executorch of GANTRY_PYTHON or of the first python3 in PATH, which is located, not imported.
#
# Defines the target gantry_executorch::runtime (the runtime, the XNNPACK delegate and its thread pool; headers are
# system headers), and sets
#   GantryExecutorch_FOUND  GantryExecutorch_VERSION ("1.5.1")  GantryExecutorch_ROOT  GantryExecutorch_LIBRARY_DIR

set(_gantry_executorch_advice "Install its wheel: `pip install --no-deps executorch==1.5.1` (make bootstrap does), or set \
GANTRY_EXECUTORCH_ROOT to the `executorch` folder of an unpacked one.")

include("${CMAKE_CURRENT_LIST_DIR}/GantryPythonModule.cmake")

# Sets the result variables from one root, and `problem`, which is empty if that ExecuTorch can be used.
function(_gantry_executorch_inspect root)
  set(version "")
  set(problem "")
  set(missing "")
  foreach(file include/executorch/runtime/executor/program.h
               include/executorch/runtime/core/portable_type/c10/c10/util/irange.h
               lib/libexecutorch.so lib/libexecutorch_backend_xnnpack.so lib/libexecutorch_threadpool.so)
    if(NOT EXISTS "${root}/${file}")
      list(APPEND missing "${file}")
    endif()
  endforeach()
  set(version_file "${root}/lib/cmake/executorch/executorch-config-version.cmake")
  if(EXISTS "${version_file}")
    file(STRINGS "${version_file}" version REGEX "^set\\(PACKAGE_VERSION \"[0-9.]+\"\\)" LIMIT_COUNT 1)
    string(REGEX REPLACE "[^0-9.]" "" version "${version}")
  endif()
  if(missing)
    string(REPLACE ";" ", " missing "${missing}")
    set(problem "${root}: no ExecuTorch with C++ libraries here, as its wheels have since 1.5 (missing: ${missing})")
  elseif(NOT version)
    set(problem "${root}: cannot tell ExecuTorch's version")
  elseif(version VERSION_LESS GantryExecutorch_FIND_VERSION)
    set(problem "${root}: ExecuTorch ${version} is too old, gantry needs ${GantryExecutorch_FIND_VERSION} or newer")
  endif()
  set(GantryExecutorch_ROOT "${root}" PARENT_SCOPE)
  set(GantryExecutorch_LIBRARY_DIR "${root}/lib" PARENT_SCOPE)
  set(GantryExecutorch_VERSION "${version}" PARENT_SCOPE)
  set(_gantry_executorch_problem "${problem}" PARENT_SCOPE)
endfunction()

if(GANTRY_EXECUTORCH_ROOT)
  set(_gantry_executorch_root "${GANTRY_EXECUTORCH_ROOT}")
elseif(DEFINED ENV{GANTRY_EXECUTORCH_ROOT} AND NOT "$ENV{GANTRY_EXECUTORCH_ROOT}" STREQUAL "")
  set(_gantry_executorch_root "$ENV{GANTRY_EXECUTORCH_ROOT}")
else()
  _gantry_python_module_folder(executorch _gantry_executorch_root)
endif()

set(_gantry_executorch_usable "")
set(GantryExecutorch_VERSION "")
if(_gantry_executorch_root)
  _gantry_executorch_inspect("${_gantry_executorch_root}")
  if(NOT _gantry_executorch_problem)
    set(_gantry_executorch_usable "${GantryExecutorch_ROOT}")
  endif()
else()
  set(_gantry_executorch_problem "Python has no executorch")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(GantryExecutorch
  REQUIRED_VARS _gantry_executorch_usable
  REASON_FAILURE_MESSAGE "${_gantry_executorch_problem}.\n${_gantry_executorch_advice}")

if(GantryExecutorch_FOUND AND NOT TARGET gantry_executorch::runtime)
  set(_gantry_executorch_include "${GantryExecutorch_ROOT}/include")
  foreach(_gantry_executorch_name executorch executorch_threadpool executorch_backend_xnnpack)
    add_library(gantry_executorch::${_gantry_executorch_name} SHARED IMPORTED)
    set_target_properties(gantry_executorch::${_gantry_executorch_name} PROPERTIES
      IMPORTED_LOCATION "${GantryExecutorch_LIBRARY_DIR}/lib${_gantry_executorch_name}.so")
  endforeach()
  # The headers need the first definition, for want of one that PyTorch's build generates; the libraries were built with
  # the other two, on which classes of the headers depend.
  add_library(gantry_executorch::runtime INTERFACE IMPORTED)
  set_target_properties(gantry_executorch::runtime PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES
      "${_gantry_executorch_include};${_gantry_executorch_include}/executorch/runtime/core/portable_type/c10"
    INTERFACE_COMPILE_DEFINITIONS "C10_USING_CUSTOM_GENERATED_MACROS;ET_EVENT_TRACER_ENABLED;ET_USE_THREADPOOL"
    INTERFACE_LINK_LIBRARIES
      "gantry_executorch::executorch;gantry_executorch::executorch_threadpool;-Wl,--push-state,--no-as-needed;\
gantry_executorch::executorch_backend_xnnpack;-Wl,--pop-state")   # a delegate registers itself as it is loaded
endif()

# SPDX-License-Identifier: Apache-2.0
# Finds LibTorch without its own CMake package, which needs a CUDA toolkit and links all of CUDA.
#
#   set(GANTRY_TORCH_ROOT ...)            # optional; or an environment variable of that name
#   find_package(GantryTorch 2.6 REQUIRED)
#   target_link_libraries(app PRIVATE gantry_torch::cpu)
#
# Where it looks: GANTRY_TORCH_ROOT alone if it is given: the `torch` folder of a Python wheel, an unpacked libtorch
# archive, or a prefix such as /usr. Otherwise the torch of GANTRY_PYTHON or of the first python3 in PATH (located, not
# imported), then the prefixes in CMAKE_PREFIX_PATH and the system's, where Debian's libtorch-dev is.
#
# Defines the target gantry_torch::cpu (libtorch_cpu and libc10; headers are system headers), and sets
#   GantryTorch_FOUND  GantryTorch_VERSION ("2.15.0")  GantryTorch_ROOT  GantryTorch_INCLUDE_DIR
#   GantryTorch_LIBRARY (libtorch_cpu)  GantryTorch_C10_LIBRARY

set(_gantry_torch_minimum 2.6)
set(_gantry_torch_advice "Install LibTorch: `pip install torch` (2.7 or newer), a libtorch archive from pytorch.org, or \
libtorch-dev of Debian 13 or newer. Then set GANTRY_TORCH_ROOT to it if it is not found by itself.")

include("${CMAKE_CURRENT_LIST_DIR}/GantryPythonModule.cmake")

# "2.15.0" from the headers in a folder, or an empty string.
function(_gantry_torch_version include_dir out)
  set(version "")
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(NOT version AND EXISTS "${include_dir}/${header}")
      file(STRINGS "${include_dir}/${header}" lines REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
      string(REGEX REPLACE "[^0-9;]" "" version "${lines}")
      string(REPLACE ";" "." version "${version}")
    endif()
  endforeach()
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

# Sets the result variables from one root, and `problem`, which is empty if that LibTorch can be used.
function(_gantry_torch_inspect root)
  # find_*() does nothing for a name that is set already, also as a cache entry of the project.
  unset(_gantry_torch_include)
  unset(_gantry_torch_cpu)
  unset(_gantry_torch_c10)
  find_path(_gantry_torch_include torch/csrc/jit/api/module.h PATHS "${root}/include" NO_DEFAULT_PATH NO_CACHE)
  set(lib_dirs "${root}/lib" "${root}/lib64")
  if(CMAKE_LIBRARY_ARCHITECTURE)
    list(APPEND lib_dirs "${root}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
  endif()
  find_library(_gantry_torch_cpu torch_cpu PATHS ${lib_dirs} NO_DEFAULT_PATH NO_CACHE)
  find_library(_gantry_torch_c10 c10 PATHS ${lib_dirs} NO_DEFAULT_PATH NO_CACHE)
  set(include_dir "${_gantry_torch_include}")
  set(library "${_gantry_torch_cpu}")
  set(c10_library "${_gantry_torch_c10}")
  set(version "")
  set(problem "")
  if(NOT include_dir OR NOT library OR NOT c10_library)
    set(problem "${root}: no LibTorch here (wanted: include/torch, lib/libtorch_cpu.so, lib/libc10.so)")
    set(library "")
  else()
    _gantry_torch_version("${include_dir}" version)
    # The ABI of std::string shows in the name of a function that every LibTorch has.
    file(STRINGS "${c10_library}" old_abi REGEX "torchCheckFail[A-Za-z0-9_]*RKSs" LIMIT_COUNT 1)
    if(NOT version)
      set(problem "${root}: cannot tell LibTorch's version")
    elseif(version VERSION_LESS _gantry_torch_minimum)
      set(problem "${root}: LibTorch ${version} is too old, gantry needs ${_gantry_torch_minimum} or newer")
    elseif(old_abi)
      set(problem "${root}: LibTorch ${version} was built with _GLIBCXX_USE_CXX11_ABI=0, which no library of this \
system can be linked with (wheels from 2.7 on, cxx11-abi archives and Debian's packages use 1)")
    endif()
  endif()
  set(GantryTorch_ROOT "${root}" PARENT_SCOPE)
  set(GantryTorch_INCLUDE_DIR "${include_dir}" PARENT_SCOPE)
  set(GantryTorch_LIBRARY "${library}" PARENT_SCOPE)
  set(GantryTorch_C10_LIBRARY "${c10_library}" PARENT_SCOPE)
  set(GantryTorch_VERSION "${version}" PARENT_SCOPE)
  set(_gantry_torch_problem "${problem}" PARENT_SCOPE)
endfunction()

if(GANTRY_TORCH_ROOT)
  set(_gantry_torch_roots "${GANTRY_TORCH_ROOT}")
elseif(DEFINED ENV{GANTRY_TORCH_ROOT} AND NOT "$ENV{GANTRY_TORCH_ROOT}" STREQUAL "")
  set(_gantry_torch_roots "$ENV{GANTRY_TORCH_ROOT}")
else()
  _gantry_python_module_folder(torch _gantry_torch_roots)
  foreach(_gantry_torch_root IN LISTS CMAKE_PREFIX_PATH CMAKE_SYSTEM_PREFIX_PATH)
    if(EXISTS "${_gantry_torch_root}/include/torch")
      list(APPEND _gantry_torch_roots "${_gantry_torch_root}")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES _gantry_torch_roots)
endif()

set(_gantry_torch_reasons "")
foreach(_gantry_torch_root IN LISTS _gantry_torch_roots)
  _gantry_torch_inspect("${_gantry_torch_root}")
  if(NOT _gantry_torch_problem)
    break()
  endif()
  string(APPEND _gantry_torch_reasons "${_gantry_torch_problem}.\n")
  set(GantryTorch_LIBRARY "")
endforeach()
if(NOT _gantry_torch_roots)
  set(_gantry_torch_reasons "Neither Python's torch nor a system package was found.\n")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(GantryTorch
  REQUIRED_VARS GantryTorch_LIBRARY GantryTorch_C10_LIBRARY GantryTorch_INCLUDE_DIR
  VERSION_VAR GantryTorch_VERSION
  REASON_FAILURE_MESSAGE "${_gantry_torch_reasons}${_gantry_torch_advice}")

# A shared imported library, so that its headers are system headers.
function(_gantry_torch_import name library)
  add_library(gantry_torch::${name} SHARED IMPORTED)
  set_target_properties(gantry_torch::${name} PROPERTIES IMPORTED_LOCATION "${library}"
    INTERFACE_INCLUDE_DIRECTORIES "${GantryTorch_INCLUDE_DIR};${GantryTorch_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_COMPILE_DEFINITIONS "_GLIBCXX_USE_CXX11_ABI=1" INTERFACE_LINK_LIBRARIES "${ARGN}")
  if(GantryTorch_VERSION VERSION_LESS 2.13)
    target_compile_features(gantry_torch::${name} INTERFACE cxx_std_17)
  else()
    target_compile_features(gantry_torch::${name} INTERFACE cxx_std_20)
  endif()
endfunction()

if(GantryTorch_FOUND AND NOT TARGET gantry_torch::cpu)
  _gantry_torch_import(c10 "${GantryTorch_C10_LIBRARY}")
  _gantry_torch_import(cpu "${GantryTorch_LIBRARY}" gantry_torch::c10)
endif()

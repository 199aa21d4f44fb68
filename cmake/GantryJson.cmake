# SPDX-License-Identifier: Apache-2.0
# gantry_json: nlohmann_json 3.11 or newer, as include folders; nothing of it is linked or passed on.
#
# A project that contains gantry may have a target nlohmann_json::nlohmann_json already, and find_package() would leave it
# as it is, whatever its version. If it is too old, another one is looked for beside it. Both may be in one program:
# since 3.11 the version is in the namespace, before there was none, and gantry hides what it compiles.
set(_gantry_json_needed 3.11)

# The version in nlohmann/json.hpp or one of the headers that it is made of; empty if there is none in `dir`.
function(_gantry_json_version dir result)
  set(version)
  foreach(header nlohmann/detail/abi_macros.hpp nlohmann/detail/macro_scope.hpp nlohmann/json.hpp)
    if(NOT version AND EXISTS "${dir}/${header}")
      file(STRINGS "${dir}/${header}" lines REGEX "#define NLOHMANN_JSON_VERSION_(MAJOR|MINOR|PATCH) ")
      string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
      list(JOIN numbers "." version)
    endif()
  endforeach()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

# The include folder of the project's own target, and what it holds.
function(_gantry_json_of_project dir_result version_result)
  get_target_property(dirs nlohmann_json::nlohmann_json INTERFACE_INCLUDE_DIRECTORIES)
  foreach(dir IN LISTS dirs)
    string(REGEX REPLACE "^\\$<BUILD_INTERFACE:(.*)>$" "\\1" dir "${dir}")
    _gantry_json_version("${dir}" version)
    if(version)
      set(${dir_result} "${dir}" PARENT_SCOPE)
      set(${version_result} "${version}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

set(_gantry_json_target)
if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json ${_gantry_json_needed} REQUIRED)
  set(_gantry_json_target nlohmann_json::nlohmann_json)
else()
  set(_gantry_json_dir)
  set(_gantry_json_found)
  _gantry_json_of_project(_gantry_json_dir _gantry_json_found)
  if(NOT _gantry_json_found OR _gantry_json_found VERSION_GREATER_EQUAL _gantry_json_needed)   # or not readable: it is tried
    set(_gantry_json_target nlohmann_json::nlohmann_json)
  else()
    find_path(GANTRY_JSON_INCLUDE_DIR nlohmann/json.hpp DOC "Folder that holds nlohmann/json.hpp")
    mark_as_advanced(GANTRY_JSON_INCLUDE_DIR)
    set(_gantry_json_other)
    if(GANTRY_JSON_INCLUDE_DIR)
      _gantry_json_version("${GANTRY_JSON_INCLUDE_DIR}" _gantry_json_other)
    endif()
    if(NOT _gantry_json_other OR _gantry_json_other VERSION_LESS _gantry_json_needed)
      message(FATAL_ERROR "gantry needs nlohmann_json ${_gantry_json_needed} or newer. This project has the target \
nlohmann_json::nlohmann_json of version ${_gantry_json_found} (${_gantry_json_dir}), and no newer one was found beside \
it (GANTRY_JSON_INCLUDE_DIR: '${GANTRY_JSON_INCLUDE_DIR}'). Raise the project's, or set GANTRY_JSON_INCLUDE_DIR to the \
folder that holds nlohmann/json.hpp of a newer one, for gantry alone.")
    endif()
    message(STATUS "gantry: nlohmann_json ${_gantry_json_other} in ${GANTRY_JSON_INCLUDE_DIR}, since this project's is "
                   "${_gantry_json_found}")
  endif()
endif()

add_library(gantry_json INTERFACE)
if(_gantry_json_target)
  target_link_libraries(gantry_json INTERFACE ${_gantry_json_target})
else()
  target_include_directories(gantry_json SYSTEM BEFORE INTERFACE "${GANTRY_JSON_INCLUDE_DIR}")
endif()

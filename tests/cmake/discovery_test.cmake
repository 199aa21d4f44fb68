# SPDX-License-Identifier: Apache-2.0
# Runs with cmake -P. Makes folders that look like installations of LibTorch and looks at what is found, and at what is
# said of those that cannot be used. Nothing made up is ever linked.
cmake_minimum_required(VERSION 3.25)

set(failures 0)

# An installation: headers that tell a version, and libraries that are text. ABI is 0 or 1.
function(make_torch root version abi lib_dir)
  string(REPLACE "." ";" parts "${version}")
  list(GET parts 0 major)
  list(GET parts 1 minor)
  set(macros "#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH 1\n")
  file(WRITE "${root}/include/torch/csrc/jit/api/module.h" "")
  if(version VERSION_LESS 2.10)
    file(WRITE "${root}/include/torch/csrc/api/include/torch/version.h" "${macros}")
  else()
    file(WRITE "${root}/include/torch/csrc/api/include/torch/version.h" "#include <torch/headeronly/version.h>\n")
    file(WRITE "${root}/include/torch/headeronly/version.h" "${macros}")
  endif()
  set(argument RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE)
  if(abi EQUAL 0)
    set(argument RKSs)
  endif()
  file(WRITE "${root}/${lib_dir}/libc10.so" "_ZN3c106detail14torchCheckFailEPKcS2_j${argument}\n")
  file(WRITE "${root}/${lib_dir}/libtorch_cpu.so" "text\n")
endfunction()

# configure(NAME [ARGS ...] [ENVIRONMENT ...]) runs the project; `status` and `output` are set in the caller.
function(configure name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "ARGS;ENVIRONMENT")
  file(REMOVE_RECURSE "${WORK_DIR}/build-${name}")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=GANTRY_TORCH_ROOT ${ARG_ENVIRONMENT}
            ${CMAKE_COMMAND} -S "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/project" -B "${WORK_DIR}/build-${name}"
            "-DMODULE_DIR=${MODULE_DIR}" "-DCMAKE_CXX_COMPILER=${CXX_COMPILER}" ${ARG_ARGS}
    RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE err)
  string(REGEX REPLACE "[ \n]+" " " text "${out}${err}")
  set(status "${result}" PARENT_SCOPE)
  set(output "${text}" PARENT_SCOPE)
endfunction()

function(expect name wanted_status)
  if(wanted_status STREQUAL "found" AND NOT status EQUAL 0)
    message("${name}: not found: ${output}")
    math(EXPR failures "${failures} + 1")
  elseif(wanted_status STREQUAL "refused" AND status EQUAL 0)
    message("${name}: found, but should be refused: ${output}")
    math(EXPR failures "${failures} + 1")
  endif()
  foreach(text IN LISTS ARGN)
    string(FIND "${output}" "${text}" at)
    if(at EQUAL -1)
      message("${name}: '${text}' is not in: ${output}")
      math(EXPR failures "${failures} + 1")
    endif()
  endforeach()
  set(failures ${failures} PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
set(torch "${WORK_DIR}/torch")

make_torch("${torch}/wheel" 2.15 1 lib)
# Entries of the project's own cache that are called like the module's variables.
configure(wheel ARGS "-DGANTRY_TORCH_ROOT=${torch}/wheel" -Dlibrary=x -Dinclude_dir=x -Dc10_library=x -Dversion=9)
expect(wheel found "found 2.15.1 in ${torch}/wheel" "library ${torch}/wheel/lib/libtorch_cpu.so"
       "compile _GLIBCXX_USE_CXX11_ABI=1 cxx_std_20")

make_torch("${torch}/archive" 2.7 1 lib)
configure(environment ENVIRONMENT "GANTRY_TORCH_ROOT=${torch}/archive")
expect(environment found "found 2.7.1 in ${torch}/archive" "cxx_std_17")

# A distribution's package: libraries in lib/<architecture>, found through the prefixes. Python's is looked at first.
make_torch("${torch}/prefix" 2.6 1 "lib/${ARCHITECTURE}")
file(WRITE "${WORK_DIR}/no-python" "#!/bin/sh\nexit 1\n")
file(CHMOD "${WORK_DIR}/no-python" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
configure(prefix ARGS "-DGANTRY_PYTHON=${WORK_DIR}/no-python" "-DCMAKE_PREFIX_PATH=${torch}/prefix")
expect(prefix found "found 2.6.1 in ${torch}/prefix" "library ${torch}/prefix/lib/${ARCHITECTURE}/libtorch_cpu.so")

if(PYTHON)
  make_torch("${WORK_DIR}/site/torch" 2.9 1 lib)
  file(WRITE "${WORK_DIR}/site/torch/__init__.py" "raise RuntimeError('torch was imported')\n")
  configure(python ARGS "-DGANTRY_PYTHON=${PYTHON}" "-DCMAKE_PREFIX_PATH=${torch}/prefix"
            ENVIRONMENT "PYTHONPATH=${WORK_DIR}/site")
  expect(python found "found 2.9.1 in ${WORK_DIR}/site/torch")

  # One that cannot be used does not hide the next one.
  make_torch("${WORK_DIR}/old-site/torch" 1.13 1 lib)
  file(WRITE "${WORK_DIR}/old-site/torch/__init__.py" "")
  configure(old_python ARGS "-DGANTRY_PYTHON=${PYTHON}" "-DCMAKE_PREFIX_PATH=${torch}/prefix"
            ENVIRONMENT "PYTHONPATH=${WORK_DIR}/old-site")
  expect(old_python found "found 2.6.1 in ${torch}/prefix")
endif()

make_torch("${torch}/bookworm" 1.13 1 lib)
configure(bookworm ARGS "-DGANTRY_TORCH_ROOT=${torch}/bookworm")
expect(bookworm refused "LibTorch 1.13.1 is too old, gantry needs 2.6 or newer" "pip install torch"
       "libtorch-dev of Debian 13" "GANTRY_TORCH_ROOT")

make_torch("${torch}/old-abi" 2.6 0 lib)
configure(old_abi ARGS "-DGANTRY_TORCH_ROOT=${torch}/old-abi")
expect(old_abi refused "was built with _GLIBCXX_USE_CXX11_ABI=0" "pip install torch")

# A root that was given is the only one.
configure(wrong_root ARGS "-DGANTRY_TORCH_ROOT=${torch}/nowhere" "-DCMAKE_PREFIX_PATH=${torch}/prefix")
expect(wrong_root refused "${torch}/nowhere: no LibTorch here")

if(REAL_ROOT)
  configure(real ARGS "-DGANTRY_TORCH_ROOT=${REAL_ROOT}" -DLINK_PROGRAM=ON)
  expect(real found "found ${REAL_VERSION} in ${REAL_ROOT}")
  execute_process(COMMAND ${CMAKE_COMMAND} --build "${WORK_DIR}/build-real" RESULT_VARIABLE status
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  expect(real_program found)
endif()

if(failures GREATER 0)
  message(FATAL_ERROR "${failures} failures")
endif()

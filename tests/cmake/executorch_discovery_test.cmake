# SPDX-License-Identifier: Apache-2.0
# Runs with cmake -P. Makes folders that look like ExecuTorch's wheel and looks at what is found, and at what is said of
# those that cannot be used.
cmake_minimum_required(VERSION 3.25)
set(failures 0)

# A wheel of `version`; LIBRARIES: those of lib/ that it has.
function(make_wheel root version)
  file(REMOVE_RECURSE "${root}")
  file(WRITE "${root}/include/executorch/runtime/executor/program.h" "")
  file(WRITE "${root}/include/executorch/runtime/core/portable_type/c10/c10/util/irange.h" "")
  file(WRITE "${root}/lib/cmake/executorch/executorch-config-version.cmake" "set(PACKAGE_VERSION \"${version}\")\n")
  foreach(library IN LISTS ARGN)
    file(WRITE "${root}/lib/lib${library}.so" "")
  endforeach()
endfunction()

# expect(NAME found|left_out|refused TEXT [ARGS...])
function(expect name wanted text)
  file(REMOVE_RECURSE "${WORK_DIR}/build-${name}")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env --unset=GANTRY_EXECUTORCH_ROOT
            ${CMAKE_COMMAND} -S "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/executorch_project" -B "${WORK_DIR}/build-${name}"
            "-DMODULE_DIR=${MODULE_DIR}" -DSHARED=ON -DCHOICE=AUTO -DGANTRY_PYTHON=/nonexistent ${ARGN}
    RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  string(REGEX REPLACE "[ \n]+" " " out "${out}")
  set(is TRUE)
  if(wanted STREQUAL "found" AND NOT out MATCHES "built: TRUE")
    set(is FALSE)
  elseif(wanted STREQUAL "left_out" AND (NOT status EQUAL 0 OR NOT out MATCHES "built: FALSE"))
    set(is FALSE)
  elseif(wanted STREQUAL "refused" AND status EQUAL 0)
    set(is FALSE)
  endif()
  string(FIND "${out}" "${text}" at)
  if(NOT is OR at EQUAL -1)
    message("${name}: should be ${wanted} with '${text}': ${out}")
    math(EXPR failures "${failures} + 1")
    set(failures ${failures} PARENT_SCOPE)
  endif()
endfunction()

set(wheel "${WORK_DIR}/a wheel")
make_wheel("${wheel}" 1.5.1 executorch executorch_backend_xnnpack executorch_threadpool)
make_wheel("${WORK_DIR}/partial" 1.5.1 executorch)
make_wheel("${WORK_DIR}/old" 1.4.0 executorch executorch_backend_xnnpack executorch_threadpool)
expect(auto found "version: '1.5.1'" "-DGANTRY_EXECUTORCH_ROOT=${wheel}")
expect(on found "version: '1.5.1'" "-DGANTRY_EXECUTORCH_ROOT=${wheel}" -DCHOICE=ON)
expect(off left_out "built: FALSE" "-DGANTRY_EXECUTORCH_ROOT=${wheel}" -DCHOICE=OFF)
expect(none left_out "gantry::executorch is not built: Python has no executorch")
expect(none_on refused "pip install --no-deps executorch" -DCHOICE=ON)
expect(partial left_out "missing: lib/libexecutorch_backend_xnnpack.so, lib/libexecutorch_threadpool.so"
       "-DGANTRY_EXECUTORCH_ROOT=${WORK_DIR}/partial")
expect(old refused "ExecuTorch 1.4.0 is too old, gantry needs 1.5 or newer" "-DGANTRY_EXECUTORCH_ROOT=${WORK_DIR}/old"
       -DCHOICE=ON)
expect(static left_out "needs BUILD_SHARED_LIBS=ON" "-DGANTRY_EXECUTORCH_ROOT=${wheel}" -DSHARED=OFF)
expect(static_on refused "GANTRY_EXECUTORCH=ON: ExecuTorch is used by a library" "-DGANTRY_EXECUTORCH_ROOT=${wheel}"
       -DSHARED=OFF -DCHOICE=ON)
if(failures)
  message(FATAL_ERROR "${failures} failures")
endif()

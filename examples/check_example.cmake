# SPDX-License-Identifier: Apache-2.0
# cmake -DPROGRAM= -DPACKAGE= -DPYTHON= [-DARGUMENTS=] -DLINES= -P check_example.cmake: runs an example on ARGUMENTS, else
# on the photo of a cat that scikit-image brings, and wants its exit status to be 0 and each regular expression of LINES to
# match, in this order.
cmake_minimum_required(VERSION 3.25)
if(NOT DEFINED ARGUMENTS)
  execute_process(
    COMMAND "${PYTHON}" -c "import importlib.util as u; print(u.find_spec('skimage').submodule_search_locations[0])"
    OUTPUT_VARIABLE skimage OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(ARGUMENTS "${skimage}/data/chelsea.png")
endif()
execute_process(COMMAND "${PROGRAM}" "${PACKAGE}" ${ARGUMENTS} RESULT_VARIABLE status
                OUTPUT_VARIABLE output ERROR_VARIABLE errors)
message("${output}${errors}")
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the exit status is ${status}")
endif()
set(rest "${output}")
foreach(line IN LISTS LINES)
  if(NOT rest MATCHES "${line}")
    message(FATAL_ERROR "nothing (more) in the output matches '${line}'")
  endif()
  string(FIND "${rest}" "${CMAKE_MATCH_0}" at)
  string(LENGTH "${CMAKE_MATCH_0}" length)
  math(EXPR at "${at} + ${length}")
  string(SUBSTRING "${rest}" ${at} -1 rest)
endforeach()

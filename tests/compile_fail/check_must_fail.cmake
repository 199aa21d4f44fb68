# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILE=<command> -DSOURCE=<file> -P check_must_fail.cmake
file(STRINGS "${SOURCE}" expectations REGEX "^// expect: ")
if(NOT expectations)
  message(FATAL_ERROR "${SOURCE} does not say what it expects")
endif()

execute_process(COMMAND ${COMPILE} -DGANTRY_CORRECT "${SOURCE}" RESULT_VARIABLE status ERROR_VARIABLE output)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the corrected source must compile:\n${output}")
endif()

execute_process(COMMAND ${COMPILE} "${SOURCE}" RESULT_VARIABLE status ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "it compiles")
endif()
foreach(expectation IN LISTS expectations)
  string(REPLACE "// expect: " "" expectation "${expectation}")
  string(FIND "${output}" "${expectation}" position)
  if(position EQUAL -1)
    message(FATAL_ERROR "the compiler does not say '${expectation}':\n${output}")
  endif()
endforeach()

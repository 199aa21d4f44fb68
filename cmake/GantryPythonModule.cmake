# SPDX-License-Identifier: Apache-2.0
# Where Python has a package installed, for what looks for C++ libraries in its wheel.

# The folder of `module`, or an empty string: of GANTRY_PYTHON, or of the first python3 in PATH. It is located, not
# imported.
function(_gantry_python_module_folder module out)
  set(${out} "" PARENT_SCOPE)
  if(GANTRY_PYTHON)
    set(python "${GANTRY_PYTHON}")
  else()
    unset(_gantry_python_of_path)
    find_program(_gantry_python_of_path NAMES python3 python NO_CACHE)
    set(python "${_gantry_python_of_path}")
  endif()
  if(NOT python)
    return()
  endif()
  execute_process(
    COMMAND "${python}" -c "import sys
sys.path = [p for p in sys.path if p]
import importlib.util
spec = importlib.util.find_spec('${module}')
print(list(spec.submodule_search_locations)[0])"
    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(status EQUAL 0 AND IS_DIRECTORY "${folder}")
    set(${out} "${folder}" PARENT_SCOPE)
  endif()
endfunction()

# SPDX-License-Identifier: Apache-2.0
# GANTRY_PYTHON: the Python with torch, torchvision, Pillow and NumPy that makes test packages and is the reference of
# the parity tests. Given by the user, or the project's .venv (cmake/bootstrap.sh makes it), or python3.
if(NOT GANTRY_PYTHON)
  if(EXISTS "${PROJECT_SOURCE_DIR}/.venv/bin/python")
    set(GANTRY_PYTHON "${PROJECT_SOURCE_DIR}/.venv/bin/python")
  else()
    find_program(GANTRY_PYTHON3 python3 REQUIRED)
    mark_as_advanced(GANTRY_PYTHON3)
    set(GANTRY_PYTHON "${GANTRY_PYTHON3}")
  endif()
endif()

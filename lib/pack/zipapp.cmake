# SPDX-License-Identifier: Apache-2.0
# cmake -DPACKAGE=dir -DPROGRAM=file -DWORK=dir -P zipapp.cmake: the Python package as one program, as Python's zipapp
# makes it: a zip archive of the package and a __main__.py, behind a line that says what runs it.
cmake_minimum_required(VERSION 3.25)
get_filename_component(name "${PACKAGE}" NAME)
file(REMOVE_RECURSE "${WORK}")
file(COPY "${PACKAGE}" DESTINATION "${WORK}/archive" FILES_MATCHING PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)
file(WRITE "${WORK}/archive/__main__.py" "import sys\n\nfrom ${name}.command_line import main\n\nsys.exit(main())\n")
file(WRITE "${WORK}/interpreter" "#!/usr/bin/env python3\n")
file(GLOB_RECURSE files RELATIVE "${WORK}/archive" "${WORK}/archive/*.py")

function(run)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "OUTPUT" "COMMAND")
  if(ARG_OUTPUT)
    set(output OUTPUT_FILE "${ARG_OUTPUT}")
  endif()
  execute_process(COMMAND ${ARG_COMMAND} WORKING_DIRECTORY "${WORK}/archive" ${output} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
run(COMMAND "${CMAKE_COMMAND}" -E tar cf "${WORK}/archive.zip" --format=zip -- ${files})
get_filename_component(folder "${PROGRAM}" DIRECTORY)
file(MAKE_DIRECTORY "${folder}")
run(COMMAND "${CMAKE_COMMAND}" -E cat "${WORK}/interpreter" "${WORK}/archive.zip" OUTPUT "${PROGRAM}.part")
file(CHMOD "${PROGRAM}.part" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
file(RENAME "${PROGRAM}.part" "${PROGRAM}")

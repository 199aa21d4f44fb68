# SPDX-License-Identifier: Apache-2.0
# How gantry's own targets are compiled and linked. Nothing here reaches a consumer.

find_program(GANTRY_CCACHE ccache)
mark_as_advanced(GANTRY_CCACHE)
if(PROJECT_IS_TOP_LEVEL AND GANTRY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${GANTRY_CCACHE})
endif()

add_library(gantry_flags INTERFACE)
target_compile_features(gantry_flags INTERFACE cxx_std_20)
target_compile_options(gantry_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  # GCC 12 reports `"text" + std::string` wrongly (GCC bug 105651, fixed in 13).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety;-Werror=thread-safety>)   # what locks guard (lib/core/mutex.hpp)
if(GANTRY_SANITIZE)
  target_compile_options(gantry_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                                                -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)   # the checks that are added confuse GCC's analysis
  target_link_options(gantry_flags INTERFACE -fsanitize=address,undefined)
  # Line numbers alone, and less optimization: with all debug information GCC takes ten minutes for one long test among so
  # many checks.
  string(APPEND CMAKE_CXX_FLAGS_RELWITHDEBINFO " -g1 -O1")
endif()
if(GANTRY_FUZZ)
  target_compile_options(gantry_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(GANTRY_TSAN)
  target_compile_options(gantry_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(gantry_flags INTERFACE -fsanitize=thread)
endif()

# Two thirds of the time of a build go to headers and to templates that every source instantiates again; sources that are
# compiled together share them. Sources with options or definitions of their own are left out.
function(gantry_unity_build target)   # what only this project builds: by CMake's own means
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${GANTRY_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 12)
endfunction()

# The same for the libraries, once their sources are known. CMake would write the files that include the sources into each
# build's own folder; here several builds of one source tree can share them, and with them ccache's results.
set(GANTRY_UNITY_DIR "${PROJECT_BINARY_DIR}/unity" CACHE PATH "Where files go that include several sources each")
mark_as_advanced(GANTRY_UNITY_DIR)
function(gantry_unity_component target)
  if(NOT GANTRY_UNITY_BUILD)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  get_target_property(folder ${target} SOURCE_DIR)
  set(together)
  foreach(source IN LISTS sources)
    if(source MATCHES "\\$<" OR NOT source MATCHES "\\.cpp$")
      continue()
    endif()
    set(is_alone FALSE)
    foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS SKIP_UNITY_BUILD_INCLUSION)
      get_source_file_property(value "${source}" TARGET_DIRECTORY ${target} ${property})
      if(value)
        set(is_alone TRUE)
      endif()
    endforeach()
    if(NOT is_alone)
      set_source_files_properties("${source}" TARGET_DIRECTORY ${target} PROPERTIES HEADER_FILE_ONLY ON)
      get_filename_component(source "${source}" ABSOLUTE BASE_DIR "${folder}")
      list(APPEND together "${source}")
    endif()
  endforeach()
  set(batch 0)
  while(together)
    list(SUBLIST together 0 12 sources)
    list(LENGTH together left)
    if(left GREATER 12)
      list(SUBLIST together 12 -1 together)
    else()
      set(together)
    endif()
    list(TRANSFORM sources REPLACE "(.+)" "#include \"\\1\"")
    list(JOIN sources "\n" content)
    set(file "${GANTRY_UNITY_DIR}/${target}_${batch}.cpp")
    file(CONFIGURE OUTPUT "${file}" CONTENT "${content}\n" @ONLY)   # leaves a file alone that is the same
    target_sources(${target} PRIVATE "${file}")
    math(EXPR batch "${batch} + 1")
  endwhile()
endfunction()

# gantry_add_component(core): an object library that holds the sources, and the library that consumers link.
# The tests link the objects directly, so that they reach what the library hides.
function(gantry_add_component name)
  add_library(gantry_${name}_objects OBJECT)
  set_target_properties(gantry_${name}_objects PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON CXX_EXTENSIONS OFF)
  target_include_directories(gantry_${name}_objects
    PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${PROJECT_SOURCE_DIR}/lib")
  target_link_libraries(gantry_${name}_objects PRIVATE gantry_flags)
  target_compile_definitions(gantry_${name}_objects PUBLIC ${GANTRY_STD_LAYOUT})

  add_library(gantry_${name})
  target_sources(gantry_${name} PRIVATE $<TARGET_OBJECTS:gantry_${name}_objects>)
  target_link_libraries(gantry_${name} PRIVATE $<BUILD_INTERFACE:gantry_flags>)   # for sources that it has itself
  target_compile_features(gantry_${name} PUBLIC cxx_std_17)
  target_compile_definitions(gantry_${name} INTERFACE ${GANTRY_STD_LAYOUT})
  target_include_directories(gantry_${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  set_target_properties(gantry_${name} PROPERTIES
    LINKER_LANGUAGE CXX EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    BUILD_RPATH_USE_ORIGIN ON INSTALL_RPATH "$ORIGIN")
  if(BUILD_SHARED_LIBS)
    # Instantiations of std templates are visible whatever -fvisibility says; the script hides them.
    target_link_options(gantry_${name} PRIVATE "LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/gantry.map")
    set_property(TARGET gantry_${name} PROPERTY LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/gantry.map")
    if(GANTRY_SANITIZE OR GANTRY_TSAN)
      target_link_options(gantry_${name} PRIVATE $<$<BOOL:${GANTRY_TSAN}>:-fsanitize=thread>
                                                 $<$<BOOL:${GANTRY_SANITIZE}>:-fsanitize=address,undefined>)
    else()
      target_link_options(gantry_${name} PRIVATE LINKER:--no-undefined)
    endif()
  endif()
  add_library(gantry::${name} ALIAS gantry_${name})
endfunction()

# gantry_link(core LIBRARY...): what a component's sources compile and link with; its consumers do not see it.
function(gantry_link name)
  target_link_libraries(gantry_${name}_objects PRIVATE ${ARGN})
  target_link_libraries(gantry_${name} PRIVATE ${ARGN})
endfunction()

# gantry_split_component(core opening REGEX): the component's sources whose paths match go to an object library of their
# own, gantry_core_opening_objects, for options that the others do not have.
function(gantry_split_component name part regex)
  set(whole gantry_${name}_objects)
  set(target gantry_${name}_${part}_objects)
  get_target_property(sources ${whole} SOURCES)
  set(others ${sources})
  list(FILTER sources INCLUDE REGEX "${regex}")
  list(FILTER others EXCLUDE REGEX "${regex}")
  add_library(${target} OBJECT ${sources})
  set_property(TARGET ${whole} PROPERTY SOURCES ${others})
  foreach(property POSITION_INDEPENDENT_CODE CXX_VISIBILITY_PRESET VISIBILITY_INLINES_HIDDEN CXX_EXTENSIONS
                   INCLUDE_DIRECTORIES LINK_LIBRARIES COMPILE_DEFINITIONS COMPILE_OPTIONS)
    get_target_property(value ${whole} ${property})
    if(NOT value STREQUAL "value-NOTFOUND")
      set_property(TARGET ${target} PROPERTY ${property} ${value})
    endif()
  endforeach()
  set_property(TARGET ${whole} APPEND PROPERTY GANTRY_PARTS ${target})
  target_sources(gantry_${name} PRIVATE $<TARGET_OBJECTS:${target}>)
endfunction()

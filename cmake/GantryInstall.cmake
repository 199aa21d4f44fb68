# SPDX-License-Identifier: Apache-2.0
# The install tree: headers, libraries, bin/gantry, bin/gantry-pack (and its Python project in share/gantry/pack), the
# table of ops, the package format and the examples in share/gantry, the CMake package and gantry-core.pc. It may be moved as a whole: nothing in it holds its own place.
# The absolute paths are in the RUNPATH of libgantry_torch.so and of libgantry_executorch.so: LibTorch's and ExecuTorch's
# folder as found at configure time, so that programs run without environment variables; before it comes $ORIGIN, so that
# what is copied beside the library wins.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gantry")
set(configured_dir "${PROJECT_BINARY_DIR}/install-files")

set(hidden_headers)
if(NOT GANTRY_TORCH)
  list(APPEND hidden_headers REGEX "/gantry/(gantry|libtorch|interop/torch)\\.hpp$" EXCLUDE)
endif()
if(NOT GANTRY_HAS_EXECUTORCH)
  list(APPEND hidden_headers REGEX "/gantry/executorch\\.hpp$" EXCLUDE)
endif()
if(NOT GANTRY_HAS_REMOTE)
  list(APPEND hidden_headers REGEX "/gantry/remote\\.hpp$" EXCLUDE)
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/gantry" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h" ${hidden_headers})
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(TARGETS gantry_core EXPORT gantry-core)
install(EXPORT gantry-core NAMESPACE gantry:: FILE gantry-core-targets.cmake DESTINATION "${package_dir}")

set(torch_version)
if(GANTRY_TORCH)
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" torch_version "${GantryTorch_VERSION}")
  get_target_property(torch_library gantry_torch::cpu IMPORTED_LOCATION)
  get_filename_component(torch_dir "${torch_library}" DIRECTORY)
  if(NOT torch_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    set_property(TARGET gantry_torch APPEND PROPERTY INSTALL_RPATH "${torch_dir}")
  endif()
  install(TARGETS gantry_torch gantry_gantry EXPORT gantry-torch)
  install(EXPORT gantry-torch NAMESPACE gantry:: FILE gantry-torch-targets.cmake DESTINATION "${package_dir}")
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/FindGantryTorch.cmake" "${PROJECT_SOURCE_DIR}/cmake/GantryPythonModule.cmake"
          DESTINATION "${package_dir}")
endif()

if(GANTRY_HAS_EXECUTORCH)
  # The plug-in is no target of the package: hosts link what opens it, which finds it beside itself.
  if(NOT GantryExecutorch_LIBRARY_DIR IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    set_property(TARGET gantry_executorch_engine APPEND PROPERTY INSTALL_RPATH "${GantryExecutorch_LIBRARY_DIR}")
  endif()
  install(TARGETS gantry_executorch_engine)
  install(TARGETS gantry_executorch EXPORT gantry-executorch)
  install(EXPORT gantry-executorch NAMESPACE gantry:: FILE gantry-executorch-targets.cmake DESTINATION "${package_dir}")
endif()

if(GANTRY_HAS_REMOTE)
  install(TARGETS gantry_remote EXPORT gantry-remote)
  install(EXPORT gantry-remote NAMESPACE gantry:: FILE gantry-remote-targets.cmake DESTINATION "${package_dir}")
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/gantry-config.cmake.in" "${configured_dir}/gantry-config.cmake"
  INSTALL_DESTINATION "${package_dir}" PATH_VARS CMAKE_INSTALL_LIBDIR NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${configured_dir}/gantry-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${configured_dir}/gantry-config.cmake" "${configured_dir}/gantry-config-version.cmake"
        DESTINATION "${package_dir}")

file(RELATIVE_PATH prefix_from_pc "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" prefix_from_pc "${prefix_from_pc}")
set(std_layout_flags)
foreach(definition IN LISTS GANTRY_STD_LAYOUT)
  string(APPEND std_layout_flags " -D${definition}")
endforeach()
set(openmp_link)
if(GANTRY_OPENMP_LIBRARY)
  set(openmp_link "-l${GANTRY_OPENMP_LIBRARY}")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/gantry-core.pc.in" "${configured_dir}/gantry-core.pc" @ONLY)
install(FILES "${configured_dir}/gantry-core.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

if(TARGET gantry_tool)
  file(RELATIVE_PATH lib_from_bin "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
  set_target_properties(gantry_tool PROPERTIES INSTALL_RPATH "$ORIGIN/${lib_from_bin}")
  install(TARGETS gantry_tool)
endif()
# What a package may hold: the format, and the ops as JSON. And complete hosts, each a project of its own.
set(data_dir "${CMAKE_INSTALL_DATADIR}/gantry")
install(FILES "${GANTRY_OP_TABLE}" "${PROJECT_SOURCE_DIR}/lib/model/manifest.schema.md" DESTINATION "${data_dir}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/examples" DESTINATION "${data_dir}"
        PATTERN "examples/CMakeLists.txt" EXCLUDE PATTERN "check_example.cmake" EXCLUDE PATTERN "__pycache__" EXCLUDE)

install(PROGRAMS "${PROJECT_BINARY_DIR}/bin/gantry-pack" DESTINATION "${CMAKE_INSTALL_BINDIR}")
# The same as a Python project, for pip install.
set(pack_dir "${PROJECT_SOURCE_DIR}/lib/pack")
install(FILES "${pack_dir}/pyproject.toml" "${pack_dir}/setup.py" "${pack_dir}/README.md"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/gantry/pack")
install(DIRECTORY "${pack_dir}/gantry_pack" DESTINATION "${CMAKE_INSTALL_DATADIR}/gantry/pack"
        FILES_MATCHING PATTERN "*.py" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)

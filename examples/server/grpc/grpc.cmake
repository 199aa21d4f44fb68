# SPDX-License-Identifier: Apache-2.0
# gantry_server_grpc: GrpcServer, as GANTRY_SERVER_GRPC says: gRPC beside HTTP, or a refusal.
set(gantry_server_has_grpc OFF)
if(GANTRY_SERVER_GRPC STREQUAL "AUTO" OR GANTRY_SERVER_GRPC)
  find_package(Protobuf QUIET)   # CMake's own module: Debian's protobuf has no configuration
  find_package(gRPC CONFIG QUIET)
  find_program(GANTRY_GRPC_CPP_PLUGIN grpc_cpp_plugin)
  mark_as_advanced(GANTRY_GRPC_CPP_PLUGIN)
  if(TARGET gRPC::grpc++_unsecure AND TARGET protobuf::libprotobuf AND TARGET protobuf::protoc AND GANTRY_GRPC_CPP_PLUGIN)
    set(gantry_server_has_grpc ON)
  else()
    set(needs "gRPC needs libgrpc++-dev, libprotobuf-dev and protobuf-compiler-grpc")
    if(NOT GANTRY_SERVER_GRPC STREQUAL "AUTO")
      message(FATAL_ERROR "GANTRY_SERVER_GRPC is ${GANTRY_SERVER_GRPC}, and ${needs}.")
    endif()
    message(STATUS "gantry-server is built without gRPC: ${needs}")
  endif()
endif()
add_library(gantry_server_grpc OBJECT)
target_link_libraries(gantry_server_grpc PRIVATE gantry_server_objects)   # its include paths
if(NOT gantry_server_has_grpc)
  target_sources(gantry_server_grpc PRIVATE grpc/without_grpc.cpp)
  return()
endif()

set(proto "${CMAKE_CURRENT_SOURCE_DIR}/grpc/open_inference.proto")
set(generated "${CMAKE_CURRENT_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${generated}")
set(stubs "${generated}/open_inference.pb.cc" "${generated}/open_inference.pb.h"
  "${generated}/open_inference.grpc.pb.cc" "${generated}/open_inference.grpc.pb.h")
add_custom_command(OUTPUT ${stubs}
  COMMAND protobuf::protoc "--proto_path=${CMAKE_CURRENT_SOURCE_DIR}/grpc" "--cpp_out=${generated}"
          "--grpc_out=${generated}" "--plugin=protoc-gen-grpc=${GANTRY_GRPC_CPP_PLUGIN}" "${proto}"
  DEPENDS "${proto}" COMMENT "Generating open_inference" VERBATIM)
add_library(gantry_server_protocol STATIC ${stubs})
target_compile_features(gantry_server_protocol PUBLIC cxx_std_20)
target_include_directories(gantry_server_protocol SYSTEM PUBLIC "${generated}")
# Without TLS no OpenSSL is linked, and no reflection, whose library is linked with the gRPC that has it.
if(GANTRY_SERVER_TLS)
  target_link_libraries(gantry_server_protocol PUBLIC gRPC::grpc++_reflection gRPC::grpc++ protobuf::libprotobuf)
  target_sources(gantry_server_grpc PRIVATE grpc/tls_credentials.cpp)
else()
  target_link_libraries(gantry_server_protocol PUBLIC gRPC::grpc++_unsecure protobuf::libprotobuf)
endif()
target_sources(gantry_server_grpc PRIVATE
  grpc/call_info.cpp grpc/grpc_server.cpp grpc/health_report.cpp grpc/infer_call.cpp grpc/inference_service.cpp
  grpc/read_infer_message.cpp grpc/reflection.cpp grpc/status.cpp grpc/typed_contents.cpp grpc/write_infer_message.cpp)
target_link_libraries(gantry_server_grpc PUBLIC gantry_server_protocol)

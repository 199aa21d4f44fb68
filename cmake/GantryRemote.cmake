# SPDX-License-Identifier: Apache-2.0
# Whether gantry::remote is built: GANTRY_REMOTE is ON (it must be possible), OFF, or AUTO (where Boost is).
set(GANTRY_HAS_REMOTE FALSE)
string(TOUPPER "${GANTRY_REMOTE}" remote_choice)
if(remote_choice STREQUAL "AUTO" OR remote_choice)
  find_package(Boost 1.74 QUIET)   # headers alone: Asio, Beast and System
  if(Boost_FOUND)
    set(GANTRY_HAS_REMOTE TRUE)
  elseif(remote_choice STREQUAL "AUTO")
    message(STATUS "gantry::remote is not built: the headers of Boost 1.74 or later were not found (libboost-dev, Boost_ROOT)")
  else()
    message(FATAL_ERROR "GANTRY_REMOTE=${GANTRY_REMOTE}: the headers of Boost 1.74 or later were not found; install \
libboost-dev, or set Boost_ROOT")
  endif()
endif()

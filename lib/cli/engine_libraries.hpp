// SPDX-License-Identifier: Apache-2.0
// EngineLibraries: the engines of the tool, each in a library libgantry_<engine>.so that is loaded when the tool runs,
// so that it starts, and can say what is missing, where an engine or what it is built on is not installed.
#pragma once

#include <gantry/engine_loader.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/engine_library.hpp"

namespace gantry::inline GANTRY_ABI::cli {

using detail::EngineLibraryState;

/// The libraries found, and the engines for opening packages. For each kind whose library is missing there is a
/// placeholder loader, whose error says so and how to get it.
struct EngineLibraries {
  std::vector<EngineLibraryState> libraries;
  EngineList engines;
};

/// Loads every libgantry_*.so in `directories`, in this order, and then gantry's own engines beside libgantry_core; of
/// libraries of one name the first. A library that cannot be loaded, or makes a mistake (its entry is missing, gives
/// nullptr or throws), is a problem of its own, and the others are found. Libraries are never unloaded. A statically
/// linked tool contains its engines and does not search. failed_precondition for a directory that cannot be read;
/// unsupported for one given to a static tool. Cost: what loading LibTorch takes.
Result<EngineLibraries> load_engine_libraries(const std::vector<std::string>& directories);

}  // namespace gantry::inline GANTRY_ABI::cli

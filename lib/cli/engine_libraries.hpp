// SPDX-License-Identifier: Apache-2.0
// EngineLibraries: the engines of the tool. Each is in a library libgantry_<engine>.so that is loaded at run time. So
// the tool starts, and says what is missing, even if an engine or its dependencies are not installed.
#pragma once

#include <gantry/engine_loader.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/engine_library.hpp"

namespace gantry::inline GANTRY_ABI::cli {

using detail::EngineLibraryState;

/// The libraries found, and the engines for opening packages. A missing kind has a placeholder loader; its error says
/// how to install the library.
struct EngineLibraries {
  std::vector<EngineLibraryState> libraries;
  EngineList engines;
};

/// Loads every libgantry_*.so in `directories`, in this order, then gantry's own engines beside libgantry_core. The
/// first library of a name wins. A library that cannot be loaded, or whose entry is missing, returns nullptr or throws,
/// is reported as a problem; the others are loaded. Libraries are never unloaded. A statically linked tool contains its
/// engines and does not search. failed_precondition for a directory that cannot be read; unsupported for one given to a
/// static tool. Cost: that of loading LibTorch.
Result<EngineLibraries> load_engine_libraries(const std::vector<std::string>& directories);

}  // namespace gantry::inline GANTRY_ABI::cli

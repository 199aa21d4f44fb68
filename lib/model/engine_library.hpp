// SPDX-License-Identifier: Apache-2.0
// Opens a library libgantry_<engine>.so at run time; provides placeholders for its engines if it cannot be opened.
#pragma once

#include <gantry/engine_loader.hpp>
#include <memory>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// A library with engines, loaded or not.
struct EngineLibraryState {
  std::string name;         ///< "torch"
  std::string path;         ///< path of the file; empty if it was not found
  std::string description;  ///< "LibTorch 2.15.0"; empty if it cannot be used
  std::string problem;      ///< why it cannot be used, and what to do; empty if it is loaded
  EngineList engines;
};

/// Opens the library at `path` with RTLD_LOCAL, so that symbols of one engine (such as LibTorch's protobuf) do not
/// reach another engine. It is never closed, since what it registers on loading cannot be undone. `advice` is added to
/// `problem` if the dynamic loader fails. A fault of the library (its entry point is missing, returns nullptr or
/// throws) is a `problem`, too. Thread-safe. Cost: the time of loading the library.
GANTRY_API EngineLibraryState open_engine_library(const std::string& name, const std::string& path,
                                                  const std::string& advice);

/// A placeholder for an engine that cannot be used: check() and load() return `unsupported` with the message `why`.
GANTRY_API std::shared_ptr<const EngineLoader> missing_engine(std::string kind, std::string why);

/// Explains a message of dlopen() about `library` if it is a known one, for instance: "libtorch_cpu.so, which it needs,
/// is not installed". Other messages are returned as they are.
GANTRY_API std::string explain_loader_error(const std::string& library, const std::string& text);

}  // namespace gantry::inline GANTRY_ABI::detail

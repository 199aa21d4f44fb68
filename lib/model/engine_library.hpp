// SPDX-License-Identifier: Apache-2.0
// A library libgantry_<engine>.so as it is opened while a program runs, and what stands for its engines where it cannot
// be.
#pragma once

#include <gantry/engine_loader.hpp>
#include <memory>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// A library with engines, loaded or not.
struct EngineLibraryState {
  std::string name;         ///< "torch"
  std::string path;         ///< of the file; empty: there is none
  std::string description;  ///< "LibTorch 2.15.0"; empty: it cannot be used
  std::string problem;      ///< why not, and what to do; empty: it is loaded, and its engines say what they are
  EngineList engines;
};

/// Opens the library at `path`, with local symbols and for good: what an engine brings, such as LibTorch with its
/// protobuf, is no business of another engine, and what it registers as it is loaded cannot be taken back. `advice` is
/// said where the dynamic loader fails. What the library does wrong (its entry is missing, gives nullptr or throws) is
/// a problem, too. Thread-safe. Cost: what loading the library takes.
GANTRY_API EngineLibraryState open_engine_library(const std::string& name, const std::string& path,
                                                  const std::string& advice);

/// Stands for an engine that cannot be used: check() and load() give unsupported, and `why`.
GANTRY_API std::shared_ptr<const EngineLoader> missing_engine(std::string kind, std::string why);

/// What dlopen() said of `library`, in our words where it is known what that means: "libtorch_cpu.so, which it needs,
/// is not installed".
GANTRY_API std::string explain_loader_error(const std::string& library, const std::string& text);

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// EngineLoader: turns a model's files into an Engine. libtorch::engines() is a list of loaders; a host application may
// add its own (examples/07_own_engine):
//
//   EngineList engines = libtorch::engines();
//   engines.push_back(std::make_shared<LinearLoader>());
//   auto pipeline = open<Tensor, Tensor>("models/slope/1", engines);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gantry/device.hpp>
#include <gantry/engine.hpp>
#include <gantry/engine_options.hpp>
#include <gantry/json.hpp>
#include <gantry/model_file.hpp>
#include <gantry/signature.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// One of a model's files. A package's files were hashed when the package was opened; reads return the hashed content.
struct EngineFile {
  ModelFile file;
  int batch = 0;  ///< the only batch size that the file computes; 0: all that the signature allows
};

/// The input of EngineLoader::load().
struct LoadRequest {
  std::vector<EngineFile> files;  ///< one, or one for each of several batch sizes, ascending; never empty
  Signature signature;
  Device device = Device::cpu();
  int instances = 1;  ///< number that will be made, if the model keeps no state, and run concurrently
  int max_batch = 0;  ///< maximum samples that will be merged into one call; 0: none
  /// ModelOptions::file_memory: the argument for ModelFile::pages().
  FileMemory file_memory = FileMemory::kCopied;
  /// Options of the host application: ModelOptions::engine_options of this kind.
  EngineOptions host_options;
  /// Options of the package (`options` of its engine entry). A package is not the host: an engine takes risky options,
  /// such as a path outside of the package or a trust setting, from `host_options` only.
  EngineOptions package_options;
  /// Opens another file of the package that an option names, verified like `files`; not_found if the package has no
  /// such file. Empty without a package.
  std::function<Result<ModelFile>(const std::string& name)> open_file;

  /// The package's options, overridden by the host's: for an engine whose options cannot do harm.
  EngineOptions options() const { return package_options.with(host_options); }
};

/// Creates engines of one kind.
///
/// Ownership: shared by all its users.
/// Threads:   thread-safe: all functions may be called concurrently.
/// Errors:    see each function. Exceptions become errors.
/// Cost:      check: reads nothing of the model. load: the cost of reading the model.
class GANTRY_API EngineLoader {
 public:
  virtual ~EngineLoader();
  /// The `kind` of a package's engine entry: "torchscript".
  virtual std::string kind() const = 0;
  /// The version of the library that the engine uses, for people: "2.15.0".
  virtual std::string version() const = 0;
  /// Checks whether this machine and this engine meet `requires` of a package's engine entry, an object; called before
  /// any of its files is read. failed_precondition: "requires torch 2.14, this is 2.15.0"; invalid_argument with the
  /// path for a key unknown to the engine. The default accepts only {"isa": "x86-64-v3"} and the like (check_isa()).
  virtual Result<void> check(const JsonView& requirements, Device device) const;
  /// Loads fully, but runs nothing of the model. invalid_argument for an option or a file that is not supported.
  virtual Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const = 0;
};

/// Engines that may be used, at most one of each kind.
using EngineList = std::vector<std::shared_ptr<const EngineLoader>>;

/// The component of gantry with engines of this kind: "torch" for "torchscript"; host applications link it as
/// gantry::torch, and the tool loads it as libgantry_torch.so. Empty if the kind is not one of gantry's own.
GANTRY_API std::string engine_component(const std::string& kind);

/// The description of a library with engines. The library exports one symbol that returns it, for programs that load
/// engines at run time, such as the `gantry` tool:
///
///   extern "C" GANTRY_API const gantry::EngineLibrary* gantry_engine_0_2();
///
/// The symbol's name contains the version of these classes: a library for another version lacks it. The program loads
/// the library with RTLD_LOCAL and never closes it; the library links libgantry_core as the program does.
struct EngineLibrary {
  const char* name;         ///< "torch": the library is libgantry_torch.so
  const char* description;  ///< the library that its engines use: "LibTorch 2.15.0"
  EngineList (*engines)();
};

}  // namespace GANTRY_ABI
}  // namespace gantry

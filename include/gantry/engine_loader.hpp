// SPDX-License-Identifier: Apache-2.0
// EngineLoader: how a model's files become an Engine. libtorch::engines() is a list of such; a host may add its own
// (examples/07_own_engine):
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

/// One of a model's files. Those of a package were hashed when it was opened, and give nothing else.
struct EngineFile {
  ModelFile file;
  int batch = 0;  ///< the only batch size that the file computes; 0: any that the signature allows
};

/// What an engine is loaded from.
struct LoadRequest {
  std::vector<EngineFile> files;  ///< one, or one for each of several batch sizes, ascending; never none
  Signature signature;
  Device device = Device::cpu();
  int instances = 1;  ///< that will be made, if the model keeps no state, and run at a time
  int max_batch = 0;  ///< samples that will be merged into one call at most; 0: none
  /// ModelOptions::file_memory: what ModelFile::pages() is to be asked for.
  FileMemory file_memory = FileMemory::kCopied;
  /// What the host sets: ModelOptions::engine_options of this kind.
  EngineOptions host_options;
  /// What the package says (`options` of its engine entry). A package is not the host: what may harm the host, such as
  /// a path outside of the package or that something is to be trusted, an engine takes from `host_options` alone.
  EngineOptions package_options;
  /// Another file of the package that an option names, verified like `files`; not_found if the package has none of that
  /// name. Empty without a package.
  std::function<Result<ModelFile>(const std::string& name)> open_file;

  /// The package's options, and over them the host's: for an engine none of whose options can do harm.
  EngineOptions options() const { return package_options.with(host_options); }
};

/// Makes engines of one kind.
///
/// Ownership: shared by those who may use it.
/// Threads:   thread-safe: all of it may be called concurrently.
/// Errors:    see each function. Exceptions become errors.
/// Cost:      check: nothing of the model is read. load: what reading it costs.
class GANTRY_API EngineLoader {
 public:
  virtual ~EngineLoader();
  /// As `kind` of a package's engine entry names it: "torchscript".
  virtual std::string kind() const = 0;
  /// Of what the engine is built on, for people: "2.15.0".
  virtual std::string version() const = 0;
  /// Whether this machine and this engine meet what the engine entry of a package `requires`, an object; before any
  /// file of it is looked at. failed_precondition: "requires torch 2.14, this is 2.15.0"; invalid_argument, with its
  /// path, for a key that the engine does not know. By default {"isa": "x86-64-v3"} is all there is (check_isa()).
  virtual Result<void> check(const JsonView& requirements, Device device) const;
  /// The full load. Runs nothing of the model. invalid_argument for an option or a file that it does not understand.
  virtual Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const = 0;
};

/// Engines that may be used, each kind once.
using EngineList = std::vector<std::shared_ptr<const EngineLoader>>;

/// The component of gantry that has the engines of this kind: "torch" for "torchscript", which hosts link as
/// gantry::torch and the tool loads as libgantry_torch.so. Empty for a kind that is not gantry's own.
GANTRY_API std::string engine_component(const std::string& kind);

/// What a library with engines says of itself, through the one symbol that it exports for programs which load engines
/// at run time, as the `gantry` tool does:
///
///   extern "C" GANTRY_API const gantry::EngineLibrary* gantry_engine_0_2();
///
/// The symbol bears the version of these classes: a library for another one lacks it. Such a library is loaded with
/// RTLD_LOCAL, links libgantry_core as the program does, and is never closed.
struct EngineLibrary {
  const char* name;         ///< "torch": the library is libgantry_torch.so
  const char* description;  ///< what its engines are built on: "LibTorch 2.15.0"
  EngineList (*engines)();
};

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// Reads and unpacks an AOTInductor package (.pt2).
//
// gantry unpacks packages itself: LibTorch's loader writes to a directory named by the environment, and entry names can
// lead out of it.
#pragma once

#include <gantry/model_file.hpp>
#include <gantry/result.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/torch/scratch_directory.hpp"
#include "engine/torch/zip_directory.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// The one model of a package.
struct AotiPackage {
  ModelFile file;
  std::vector<ZipEntry> entries;    ///< its files
  ZipEntry library;                 ///< the shared library among them
  ZipEntry metadata;                ///< the library's metadata
  std::optional<ZipEntry> weights;  ///< the file beside the library; unset: weights are inside the library
};

/// Finds the model. invalid_argument for a damaged package or one with several models; unsupported if its code is not
/// compiled, or its weights are outside the library in any other way than as one file of bytes ("binary_blob").
Result<AotiPackage> scan_aoti_package(const ModelFile& file);

/// AOTI_DEVICE_KEY, AOTI_CPU_ISA, ... and what the exporter added.
Result<std::map<std::string, std::string>> read_aoti_metadata(const AotiPackage& package);

/// Unpacks everything except the metadata and the weights beside the library. Returns the path of the shared library.
Result<std::string> unpack_aoti_package(const AotiPackage& package, const ScratchDirectory& scratch);

/// failed_precondition if the metadata says that the package was built for another LibTorch (major.minor), machine or
/// CPU than this one. Missing metadata is not checked.
Result<void> check_aoti_metadata(const std::map<std::string, std::string>& metadata);

}  // namespace gantry::inline GANTRY_ABI::libtorch

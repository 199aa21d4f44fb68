// SPDX-License-Identifier: Apache-2.0
// The directory of a zip file, read without trusting it (PKWARE APPNOTE 6.3, with zip64).
//
// TorchScript files and AOTInductor packages are zip files. LibTorch's reader hides names outside the archive's root
// and does not check them, so gantry checks the directory before LibTorch reads the file.
#pragma once

#include <cstdint>
#include <gantry/model_file.hpp>
#include <gantry/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {

/// One file in a zip file.
struct ZipEntry {
  std::string name;
  bool is_stored = false;          ///< stored without compression
  std::uint64_t size = 0;          ///< bytes it has in the zip file
  std::uint64_t local_header = 0;  ///< offset of its local header
};

/// Every entry, in directory order. invalid_argument if it is not a zip file, is cut short, or an entry's name could
/// lead out of a directory (absolute, "..", "\", control characters).
Result<std::vector<ZipEntry>> read_zip_directory(const ModelFile& file);

/// The text after `prefix` in "<prefix>..." or "<root>/<prefix>..."; nullopt for another name. LibTorch puts all files
/// under one root folder, except in packages of version 2.6.
std::optional<std::string_view> after_prefix(std::string_view name, std::string_view prefix);

/// Copies a stored entry to a new file, which must not exist, with mode 0600. resource_exhausted if the disk is full;
/// failed_precondition if the file cannot be written; invalid_argument if the entry is damaged.
Result<void> extract_stored(const ModelFile& file, const ZipEntry& entry, const std::string& to);

/// The bytes of a stored entry of at most `limit` bytes; invalid_argument if it has more, or is damaged.
Result<std::string> read_stored(const ModelFile& file, const ZipEntry& entry, std::uint64_t limit);

/// Copies the bytes of a stored entry, all `entry.size` of them, to `target`; errors as those of read_stored().
Result<void> read_stored_into(const ModelFile& file, const ZipEntry& entry, void* target);

}  // namespace gantry::inline GANTRY_ABI::libtorch

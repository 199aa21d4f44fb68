// SPDX-License-Identifier: Apache-2.0
// Expands the INPUTs of a command line to one per request: a directory is replaced by the files in it.
#pragma once

#include <gantry/error.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// An input for load_input(), or an error.
struct ExpandedInput {
  std::string argument;
  std::optional<Error> error;  ///< an unreadable or empty directory, or an entry that is not a file
};

struct ExpandedInputs {
  std::vector<ExpandedInput> inputs;
  /// Directories of the command line with subdirectories that were skipped.
  std::vector<std::string> not_entered;
};

/// Other arguments than directories are kept. The files of a directory are sorted by name, byte by byte. Symbolic links
/// count as their targets; names that begin with '.' are left out. With `recursive`, subdirectories are expanded in
/// place, except for links to directories, which may form a cycle. Never fails.
ExpandedInputs expand_inputs(const std::vector<std::string>& arguments, bool recursive);

}  // namespace gantry::inline GANTRY_ABI::cli

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
  std::optional<Error> error;  ///< a directory that cannot be read or holds no file, something in it that is no file
};

struct ExpandedInputs {
  std::vector<ExpandedInput> inputs;
  /// Directories within that were not entered, by the directory of the command line that they lie in.
  std::vector<std::string> not_entered;
};

/// Arguments that are no directory stay as they are. The files of a directory come sorted by their names, byte by byte;
/// symbolic links count as what they lead to, and what begins with a '.' is left out. With `recursive`, directories
/// within are entered at their place; links to directories are not, since they may lead back. Never fails.
ExpandedInputs expand_inputs(const std::vector<std::string>& arguments, bool recursive);

}  // namespace gantry::inline GANTRY_ABI::cli

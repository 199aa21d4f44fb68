// SPDX-License-Identifier: Apache-2.0
// Descriptors: what the process needs of the system's file descriptors.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace gantry_server {

/// Opens /dev/null as stdin, stdout or stderr where the process was started without: the next file or socket would get
/// the number, and what is printed would go there. Libraries open such files before main(), so the program is started
/// anew then, with the same `argv`.
void open_standard_descriptors(char** argv);

/// Raises the soft limit of descriptors (ulimit -n) so that `connections` can be open, as far as the hard limit lets
/// it. A text for the log if that is not enough.
std::optional<std::string> raise_descriptor_limit(std::size_t connections);

}  // namespace gantry_server

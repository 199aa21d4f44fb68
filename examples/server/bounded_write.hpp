// SPDX-License-Identifier: Apache-2.0
// bounded_write: writes to a file, a terminal or a pipe, and is never stuck in a pipe that nobody reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

namespace gantry_server {

struct Written {
  std::size_t bytes = 0;
  int error = 0;  ///< errno where writing failed; 0 with fewer bytes than the text has: nobody read
};

/// Writes `text`, which waits while nobody reads. After each `step` of that it asks `may_wait` whether to go on.
///
/// Threads: thread-safe. Of a descriptor that is a pipe, this must be the process's only writer.
Written bounded_write(int descriptor, std::string_view text, std::chrono::milliseconds step,
                      const std::function<bool()>& may_wait);

}  // namespace gantry_server

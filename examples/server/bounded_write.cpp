// SPDX-License-Identifier: Apache-2.0
#include "bounded_write.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <mutex>

namespace gantry_server {

Written bounded_write(int descriptor, std::string_view text, std::chrono::milliseconds step,
                      const std::function<bool()>& may_wait) {
  // A pipe takes PIPE_BUF bytes without blocking when poll() says so, unless another thread was faster: stdout and
  // stderr may be one pipe.
  static std::mutex writing;
  Written done;
  while (done.bytes < text.size()) {
    pollfd ready{descriptor, POLLOUT, 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(step.count()));
    if (polled == 0 && !may_wait()) return done;
    if (polled == 0 || (polled < 0 && errno == EINTR)) continue;
    const std::lock_guard lock(writing);
    if (::poll(&ready, 1, 0) == 0) continue;
    const auto size =
        ::write(descriptor, text.data() + done.bytes, std::min<std::size_t>(text.size() - done.bytes, PIPE_BUF));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) {
      done.error = errno;
      return done;
    }
    done.bytes += static_cast<std::size_t>(size);
  }
  return done;
}

}  // namespace gantry_server

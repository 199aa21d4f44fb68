// SPDX-License-Identifier: Apache-2.0
// Handler: what answers requests. The HTTP code knows nothing else of the server.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "message.hpp"

namespace gantry_server {

/// Threads: called on the I/O thread of the connection, so it must not block; `respond` may be called on any thread.
class Handler {
 public:
  using Respond = std::function<void(Response)>;

  virtual ~Handler() = default;
  /// Called before the body is read: an answer refuses the request unread. `head` has no body yet; its tenant may be
  /// set.
  virtual std::optional<Response> refuse(Request& head) const = 0;
  /// Calls `respond` exactly once. `request` lives until then.
  virtual void handle(const std::shared_ptr<const Request>& request, Respond respond) const = 0;
};

}  // namespace gantry_server

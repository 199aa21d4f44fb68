// SPDX-License-Identifier: Apache-2.0
// AdminHandler: the admin port. It passes requests on to the handler of the others, and loads and unloads models, as
// Triton's model repository extension has it.
#pragma once

#include <memory>
#include <string>

#include "api/route.hpp"
#include "http/handler.hpp"
#include "models/model_store.hpp"

namespace gantry_server {

/// Threads: thread-safe. Models are loaded one after the other on a thread of its own, which the destructor joins.
class AdminHandler final : public Handler {
 public:
  /// `token`: each request must have it, as "Authorization: Bearer <token>"; empty: none.
  AdminHandler(std::shared_ptr<const Handler> next, std::shared_ptr<ModelStore> models, std::string token)
      : next_(std::move(next)), models_(std::move(models)), token_(std::move(token)) {}
  ~AdminHandler() override { stop(); }

  std::optional<Response> refuse(Request& head) const override;
  void handle(const std::shared_ptr<const Request>& request, Respond respond) const override;
  /// Waits for what is being loaded.
  void stop() { thread_.join(); }

 private:
  const std::shared_ptr<const Handler> next_;
  const std::shared_ptr<ModelStore> models_;
  const std::string token_;
  mutable asio::thread_pool thread_{1};
};

}  // namespace gantry_server

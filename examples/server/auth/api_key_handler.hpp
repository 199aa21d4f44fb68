// SPDX-License-Identifier: Apache-2.0
// ApiKeyHandler: lets requests with an API key pass to another handler, under the key's tenant.
#pragma once

#include <memory>
#include <utility>

#include "api_keys.hpp"
#include "http/handler.hpp"

namespace gantry_server {

/// The key comes as "Authorization: Bearer <key>" or "X-Api-Key: <key>". Health checks need none.
class ApiKeyHandler final : public Handler {
 public:
  ApiKeyHandler(std::shared_ptr<ApiKeys> keys, std::shared_ptr<const Handler> next)
      : keys_(std::move(keys)), next_(std::move(next)) {}

  std::optional<Response> refuse(Request& head) const override;
  void handle(const std::shared_ptr<const Request>& request, Respond respond) const override {
    next_->handle(request, std::move(respond));
  }

 private:
  const std::shared_ptr<ApiKeys> keys_;
  const std::shared_ptr<const Handler> next_;
};

/// What follows "Bearer " in the header Authorization; "" without it.
std::string_view bearer_of(const Request& request);
/// 401: `text`, and how to authenticate.
Response unauthorized(std::string_view text);

}  // namespace gantry_server

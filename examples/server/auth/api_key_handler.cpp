// SPDX-License-Identifier: Apache-2.0
#include "api_key_handler.hpp"

#include <string>

namespace gantry_server {

std::string_view bearer_of(const Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = request.header("Authorization");
  return given.substr(0, kScheme.size()) == kScheme ? given.substr(kScheme.size()) : std::string_view();
}

Response unauthorized(std::string_view text) {
  Response response = error_response(401, text);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::optional<Response> ApiKeyHandler::refuse(Request& head) const {
  if (head.path.rfind("/v2/health/", 0) == 0) return next_->refuse(head);
  std::string_view key = head.header("X-Api-Key");
  if (key.empty()) key = bearer_of(head);
  if (key.empty())
    return unauthorized("this server needs an API key: header 'Authorization: Bearer <key>' or 'X-Api-Key'");
  auto tenant = keys_->tenant_of(key);
  if (!tenant) return unauthorized("the API key is not one of this server");
  const std::string_view named = head.header("X-Tenant");
  if (!named.empty() && named != *tenant)
    return error_response(403, "header X-Tenant: the API key is not that tenant's; leave the header out");
  head.tenant = *std::move(tenant);
  return next_->refuse(head);
}

}  // namespace gantry_server

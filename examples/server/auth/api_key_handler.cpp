// SPDX-License-Identifier: Apache-2.0
#include "api_key_handler.hpp"

#include <utility>

namespace gantry_server {

std::string_view bearer_of(const Request& request) {
  return bearer_of(request.header("Authorization"));
}

Response unauthorized(std::string_view text) {
  Response response = error_response(401, text);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::optional<Response> ApiKeyHandler::refuse(Request& head) const {
  if (head.path.rfind("/v2/health/", 0) == 0) return next_->refuse(head);
  auto check = check_key(*keys_, [&](const char* name) { return head.header(name); });
  if (check.status == 401) return unauthorized(check.text);
  if (check.status != 200) return error_response(check.status, check.text);
  head.tenant = std::move(check.tenant);
  return next_->refuse(head);
}

}  // namespace gantry_server

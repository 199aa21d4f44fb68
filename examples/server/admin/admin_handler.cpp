// SPDX-License-Identifier: Apache-2.0
#include "admin_handler.hpp"

#include <gantry/json.hpp>
#include <gantry/translate_exception.hpp>
#include <string_view>
#include <utility>

#include "auth/api_key_handler.hpp"
#include "auth/secret.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;

bool is_change(const Route& route) {
  return route.endpoint == Endpoint::kLoad || route.endpoint == Endpoint::kUnload;
}

/// Clients send nothing, {}, or {"parameters": {...}}. Triton's parameters that would load something else than the
/// package are not supported; unload_dependents says nothing here, since no model depends on another.
gantry::Result<void> check_body(const Request& request) {
  if (request.body.size() == 0) return {};
  const auto body = gantry::JsonView::parse(
      std::string_view(static_cast<const char*>(static_cast<const void*>(request.body.data())), request.body.size()));
  if (!body) return body.error();
  const auto members = body->members();
  if (!members) return members.error();
  for (const auto& [key, value] : *members) {
    if (key != "parameters") return value.error("unknown key; a load or unload has parameters");
    const auto parameters = value.members();
    if (!parameters) return parameters.error();
    for (const auto& [name, parameter] : *parameters) {
      if (name == "config" || name.substr(0, 5) == "file:")
        return Error(ErrorCode::kUnsupported,
                     "parameters." + name + ": a model is loaded as its package is; change the package");
      if (name != "unload_dependents") return parameter.error("unknown parameter; there is unload_dependents");
    }
  }
  return {};
}

}  // namespace

std::optional<Response> AdminHandler::refuse(Request& head) const {
  if (!token_.empty() && !are_equal_secrets(bearer_of(head), token_))
    return unauthorized("the admin port needs the header 'Authorization: Bearer <token>'");
  const auto route = find_route(head.path);
  if (!route || !is_change(*route)) return next_->refuse(head);
  if (head.method == http::verb::post) return std::nullopt;
  Response response = error_response(405, "this path takes POST");
  response.headers.emplace_back("Allow", "POST");
  return response;
}

void AdminHandler::handle(const std::shared_ptr<const Request>& request, Respond respond) const {
  const auto route = find_route(request->path);
  if (!is_change(*route)) return next_->handle(request, std::move(respond));
  if (const auto ok = check_body(*request); !ok) return respond(error_response(ok.error()));
  asio::post(thread_, [models = models_, route = *route, respond = std::move(respond)] {
    const auto change = [&]() -> gantry::Result<void> {
      try {
        return route.endpoint == Endpoint::kLoad ? models->load(route.model) : models->unload(route.model);
      } catch (...) {
        return gantry::detail::translate_exception();
      }
    };
    const auto changed = change();
    Response response = changed ? json_response("{}") : error_response(changed.error());
    if (!changed && changed.error().code() == ErrorCode::kFailedPrecondition) response.status = 409;
    respond(std::move(response));
  });
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include <gantry/http_status.hpp>
#include <gantry/json_writer.hpp>

namespace gantry_server {

Response json_response(std::string json) {
  Response response;
  response.body.emplace_back(std::move(json));
  return response;
}

Response compressible_json(std::string json) {
  Response response = json_response(std::move(json));
  response.may_be_compressed = true;
  return response;
}

Response error_response(const gantry::Error& error) {
  const bool has_reason = error.reason() != gantry::ErrorReason::kNone;
  const char* reason = has_reason ? gantry::to_string(error.reason()) : gantry::to_string(error.code());
  gantry::JsonWriter json;
  json.begin_object().field("error", error.to_string()).field("reason", reason).end_object();
  Response response = json_response(json.finish().value());
  response.status = static_cast<unsigned>(gantry::http_status(error));
  response.reason = reason;
  if (const auto after = gantry::retry_after(error))
    response.headers.emplace_back("Retry-After", std::to_string(after->count()));
  return response;
}

Response error_response(unsigned status, std::string_view text) {
  gantry::JsonWriter json;
  json.begin_object().field("error", text).end_object();
  Response response = json_response(json.finish().value());
  response.status = status;
  response.reason = "http_" + std::to_string(status);
  return response;
}

}  // namespace gantry_server

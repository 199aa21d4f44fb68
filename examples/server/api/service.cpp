// SPDX-License-Identifier: Apache-2.0
#include "service.hpp"

#include <algorithm>
#include <charconv>
#include <gantry/json_writer.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "describe.hpp"
#include "infer_files.hpp"
#include "infer_tensors.hpp"
#include "oip/read_infer_request.hpp"
#include "oip/write_infer_response.hpp"
#include "openapi.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::JsonWriter;
using gantry::Payload;
using gantry::Result;
using ModelPtr = std::shared_ptr<const ServedModel>;

Response with_model(Response response, const ServedModel& model) {
  response.model = model.name;
  response.version = model.version;
  response.headers.emplace_back("X-Model-Name", model.name);
  response.headers.emplace_back("X-Model-Version", model.version);
  return response;
}

/// The part of a Content-Type before its parameters, in lower case.
std::string content_type_of(const Request& request) {
  std::string type(request.header("Content-Type"));
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

/// Whether a body is what the pipeline takes, and no message of the protocol. Clients of the protocol send its JSON
/// without a type, or as application/octet-stream.
bool is_payload(const Request& request, const std::string& media_type) {
  if (!request.header("Inference-Header-Content-Length").empty()) return false;
  return !(media_type.empty() || media_type == "application/json" || media_type == "application/octet-stream" ||
           media_type == "application/x-www-form-urlencoded");
}

/// Inference-Header-Content-Length; nullopt if it is absent.
Result<std::optional<std::size_t>> json_size_of(const Request& request) {
  const std::string_view text = request.header("Inference-Header-Content-Length");
  if (text.empty()) return std::optional<std::size_t>();
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size())
    return Error(ErrorCode::kInvalidArgument, "header Inference-Header-Content-Length: expected a size, got '" +
                                                  std::string(text.substr(0, 40)) + "'");
  return std::optional<std::size_t>(size);
}

/// A form of this size is searched for its boundaries in about a millisecond.
constexpr std::size_t kLongForm = std::size_t{1} << 20;

/// Whether a message is large in what is read value by value: JSON, and the strings of BYTES. Tensors in binary are not
/// read at all.
bool is_long_to_read(const Request& request) {
  constexpr std::size_t kLong = std::size_t{32} << 10;
  if (request.body.size() <= kLong) return false;
  const auto json_size = json_size_of(request);
  if (!json_size) return false;  // an error, which is told soon
  const std::size_t json = std::min(json_size->value_or(request.body.size()), request.body.size());
  if (json > kLong || json == 0) return true;
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(request.body.data())), json);
  return text.find("BYTES") != std::string_view::npos;
}

Result<InferRequest> read_request(const Request& request, const ModelInterface& interface) {
  const auto json_size = json_size_of(request);
  if (!json_size) return json_size.error();
  if (*json_size != std::optional<std::size_t>(0)) return read_infer_request(request.body, *json_size);
  if (interface.inputs().size() != 1)
    return Error(ErrorCode::kInvalidArgument, "a raw body needs a model with one input; send the tensors by name");
  const TensorInfo& input = interface.inputs()[0];
  std::vector<std::int64_t> shape = input.shape;
  if (interface.has_batch()) shape[0] = 1;  // as the extension says: a batch of one
  return read_raw_request(request.body, input.name, input.datatype, shape);
}

/// Tensors in, tensors out.
void infer_message(const ModelPtr& model, const std::shared_ptr<const Request>& request,
                   const gantry::RunOptions& options, const Handler::Respond& respond) {
  auto parsed = read_request(*request, model->interface);
  if (!parsed) return respond(with_model(error_response(parsed.error()), *model));
  const auto call = std::make_shared<const InferRequest>(*std::move(parsed));
  // `request` lives until the answer: the call's tensors refer to its body.
  infer_tensors(model, call, options, [model, request, call, respond](const Result<InferResponse>& result) {
    auto answer = result ? write_infer_response(*result, *call) : Result<Response>(result.error());
    respond(with_model(answer ? *std::move(answer) : error_response(answer.error()), *model));
  });
}

/// Files in, the payloads' JSON out.
JsonDone answers_with_json(const ModelPtr& model, const std::shared_ptr<const Request>& request,
                           const Handler::Respond& respond) {
  // `request` lives until the answer: the payloads refer to its body.
  return [model, request, respond](const Result<std::string>& json) {
    respond(with_model(json ? compressible_json(*json) : error_response(json.error()), *model));
  };
}

}  // namespace

std::optional<Response> Service::refuse(Request& head) const {
  const auto route = find_route(head.path);
  if (const char* extension = absent_extension(head.path))
    return error_response(501, std::string("this server has no ") + extension);
  if (!route) return error_response(404, "there is nothing at '" + head.path.substr(0, 200) + "'");
  if (route->endpoint == Endpoint::kLoad || route->endpoint == Endpoint::kUnload)
    return error_response(403, "models are loaded and unloaded on the admin port (setting admin.listen)");
  if (route->method == head.method) return std::nullopt;
  const char* allowed = route->method == http::verb::post ? "POST" : "GET, HEAD";
  Response response = error_response(405, "this path takes " + std::string(allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

void Service::handle(const std::shared_ptr<const Request>& request, Respond respond) const {
  const auto route = find_route(request->path);
  if (route->endpoint == Endpoint::kInfer) return infer(request, *route, respond);
  respond(describe(*route));
}

Response Service::ready() const {
  gantry::Health health = runtime_.health();
  if (is_draining_) health.reasons.emplace_back("the server is shutting down");
  for (const ModelState& state : models_->list())
    if (!state.is_ready) health.reasons.push_back(state.name + "/" + state.version + ": " + state.reason);
  // A package that failed does not take the others out of service: its own readiness says so.
  const bool is_ready = health.is_ready && !is_draining_;
  JsonWriter json;
  json.begin_object().field("ready", is_ready);
  if (!health.reasons.empty()) {
    json.key("reasons").begin_list();
    for (const std::string& reason : health.reasons) json.value(reason);
    json.end_list();
  }
  json.end_object();
  Response response = json_response(json.finish().value());
  if (!is_ready) response.status = 503;
  return response;
}

Response Service::describe(const Route& route) const {
  switch (route.endpoint) {
    case Endpoint::kServer:
      return json_response(server_metadata());
    case Endpoint::kLive:
      return json_response("{\"live\":true}");
    case Endpoint::kReady:
      return ready();
    case Endpoint::kIndex:
      return json_response(repository_index(models_->list()));
    case Endpoint::kOpenApi: {
      const std::string_view text = openapi_text();
      Response response;
      response.body.push_back(gantry::Bytes::wrap(text.data(), text.size(), nullptr));
      response.may_be_compressed = true;
      return response;
    }
    case Endpoint::kMetrics: {
      Response response =
          compressible_json(gantry::to_prometheus(runtime_.stats()) + (more_metrics_ ? more_metrics_() : ""));
      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
      return response;
    }
    default:
      break;
  }
  if (route.endpoint == Endpoint::kModelStats && route.model.empty())
    return json_response(model_statistics(models_->list(), runtime_.stats()));
  const auto model = models_->find(route.model, route.version);
  if (!model) return error_response(model.error());
  std::vector<std::string> versions;
  for (const ModelState& state : models_->list())
    if (state.name == route.model && state.is_ready) versions.push_back(state.version);
  const auto answer = [&] {
    switch (route.endpoint) {
      case Endpoint::kModelReady:
        return JsonWriter()
            .begin_object()
            .field("name", route.model)
            .field("ready", true)
            .end_object()
            .finish()
            .value();
      case Endpoint::kModelConfig:
        return model_config(**model);
      case Endpoint::kModelStats:
        return model_statistics({{(*model)->name, (*model)->version, true, ""}}, runtime_.stats());
      default:
        return model_metadata(**model, versions);
    }
  };
  return with_model(json_response(answer()), **model);
}

void Service::infer(const std::shared_ptr<const Request>& request, const Route& route, const Respond& respond) const
    try {
  auto model = models_->find(route.model, route.version);
  if (!model) return respond(error_response(model.error()));
  auto options = run_options_of(*request, limits_);
  if (!options) return respond(with_model(error_response(options.error()), **model));
  const std::string media_type = content_type_of(*request);
  const bool is_form = media_type == "multipart/form-data";
  const bool is_file = is_payload(*request, media_type);
  if (is_file && !is_form)
    return infer_file(*model, request->body, media_type, *options, answers_with_json(*model, request, respond));
  const auto read_and_run = [model = *model, request, options = *options, respond, is_file] {
    if (!is_file) return infer_message(model, request, options, respond);
    infer_form(model, request->body, request->header("Content-Type"), options,
               answers_with_json(model, request, respond));
  };
  if (is_file ? request->body.size() < kLongForm : !is_long_to_read(*request)) return read_and_run();
  asio::post(readers_, [read_and_run, respond] {
    try {
      read_and_run();
    } catch (...) {
      respond(error_response(gantry::detail::translate_exception()));
    }
  });
} catch (...) {
  respond(error_response(gantry::detail::translate_exception()));
}

}  // namespace gantry_server

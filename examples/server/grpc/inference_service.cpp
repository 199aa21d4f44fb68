// SPDX-License-Identifier: Apache-2.0
#include "inference_service.hpp"

#include <google/protobuf/util/json_util.h>
#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <string>
#include <vector>

#include "api/describe.hpp"
#include "call_info.hpp"
#include "infer_call.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;

/// The protocol's JSON is the JSON form of its messages, as protobuf has it: what describes models is written once.
/// Left out is what only JSON has: the messages have no parameters of tensors.
Result<void> read_json(const std::string& json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message, options);
  if (!status.ok()) return Error(ErrorCode::kInternal, "JSON as protobuf: " + std::string(status.message()));
  return {};
}

/// Answers a call at once: `fill` writes the response. As in HTTP, health checks need no API key.
template <class Fill>
grpc::ServerUnaryReactor* answer(const GrpcContext& server, grpc::CallbackServerContext& context, const char* method,
                                 const google::protobuf::Message& request, const google::protobuf::Message& response,
                                 Fill&& fill, bool needs_key = true) {
  CallInfo info(server, context, std::string("/inference.GRPCInferenceService/") + method);
  info.set_bytes_in(request.ByteSizeLong());
  auto refusal = needs_key ? info.refuse(server) : std::nullopt;
  Result<void> result;
  try {
    if (!refusal) result = fill(info);
  } catch (...) {
    result = gantry::detail::translate_exception();
  }
  if (result && !refusal) info.set_bytes_out(response.ByteSizeLong());
  auto status = refusal ? *std::move(refusal) : info.status_of(result);
  info.log(server, false);
  auto* reactor = context.DefaultReactor();
  reactor->Finish(std::move(status));
  return reactor;
}

/// Finds the model that the request names, and gives it to `write`.
template <class Request, class Write>
Result<void> with_model(const GrpcContext& server, CallInfo& info, const Request& request, Write&& write) {
  const auto model = server.models->find(request.name(), request.version());
  if (!model) return model.error();
  info.set_model(**model);
  return write(**model);
}

const char* refusal_of(const std::string& method) {
  if (method.find("SharedMemory") != std::string::npos)
    return "this server has no shared memory; send the tensors' data";
  if (method == "ModelStreamInfer") return "this server has no streams; call ModelInfer for each request";
  if (method.find("RepositoryModel") == 0) return "models are loaded by the admin port, over HTTP";
  return "this server does not have the method";
}

}  // namespace

grpc::ServerUnaryReactor* InferenceService::ServerLive(grpc::CallbackServerContext* context,
                                                       const inference::ServerLiveRequest* request,
                                                       inference::ServerLiveResponse* response) {
  return answer(
      *server_, *context, "ServerLive", *request, *response,
      [&](CallInfo&) -> Result<void> {
        response->set_live(true);
        return {};
      },
      false);
}

grpc::ServerUnaryReactor* InferenceService::ServerReady(grpc::CallbackServerContext* context,
                                                        const inference::ServerReadyRequest* request,
                                                        inference::ServerReadyResponse* response) {
  return answer(
      *server_, *context, "ServerReady", *request, *response,
      [&](CallInfo&) -> Result<void> {
        response->set_ready(server_->service->is_ready());
        return {};
      },
      false);
}

grpc::ServerUnaryReactor* InferenceService::ModelReady(grpc::CallbackServerContext* context,
                                                       const inference::ModelReadyRequest* request,
                                                       inference::ModelReadyResponse* response) {
  return answer(*server_, *context, "ModelReady", *request, *response, [&](CallInfo& info) -> Result<void> {
    const auto ready = with_model(*server_, info, *request, [](const ServedModel&) { return Result<void>(); });
    if (!ready && ready.error().code() != ErrorCode::kUnavailable) return ready;
    response->set_ready(static_cast<bool>(ready));
    return {};
  });
}

grpc::ServerUnaryReactor* InferenceService::ServerMetadata(grpc::CallbackServerContext* context,
                                                           const inference::ServerMetadataRequest* request,
                                                           inference::ServerMetadataResponse* response) {
  return answer(*server_, *context, "ServerMetadata", *request, *response,
                [&](CallInfo&) { return read_json(server_metadata(), *response); });
}

grpc::ServerUnaryReactor* InferenceService::ModelMetadata(grpc::CallbackServerContext* context,
                                                          const inference::ModelMetadataRequest* request,
                                                          inference::ModelMetadataResponse* response) {
  return answer(*server_, *context, "ModelMetadata", *request, *response, [&](CallInfo& info) {
    return with_model(*server_, info, *request, [&](const ServedModel& model) {
      std::vector<std::string> versions;
      for (const ModelState& state : server_->models->list())
        if (state.name == model.name && state.is_ready) versions.push_back(state.version);
      return read_json(model_metadata(model, versions), *response);
    });
  });
}

grpc::ServerUnaryReactor* InferenceService::ModelConfig(grpc::CallbackServerContext* context,
                                                        const inference::ModelConfigRequest* request,
                                                        inference::ModelConfigResponse* response) {
  return answer(*server_, *context, "ModelConfig", *request, *response, [&](CallInfo& info) {
    return with_model(*server_, info, *request, [&](const ServedModel& model) {
      return read_json(model_config(model), *response->mutable_config());
    });
  });
}

grpc::ServerUnaryReactor* InferenceService::ModelStatistics(grpc::CallbackServerContext* context,
                                                            const inference::ModelStatisticsRequest* request,
                                                            inference::ModelStatisticsResponse* response) {
  return answer(*server_, *context, "ModelStatistics", *request, *response, [&](CallInfo& info) -> Result<void> {
    const auto stats = server_->runtime.stats();
    if (request->name().empty()) return read_json(model_statistics(server_->models->list(), stats), *response);
    return with_model(*server_, info, *request, [&](const ServedModel& model) {
      return read_json(model_statistics({{model.name, model.version, true, ""}}, stats), *response);
    });
  });
}

grpc::ServerUnaryReactor* InferenceService::RepositoryIndex(grpc::CallbackServerContext* context,
                                                            const inference::RepositoryIndexRequest* request,
                                                            inference::RepositoryIndexResponse* response) {
  return answer(*server_, *context, "RepositoryIndex", *request, *response, [&](CallInfo&) {
    std::vector<ModelState> states = server_->models->list();
    if (request->ready())
      states.erase(std::remove_if(states.begin(), states.end(), [](const ModelState& one) { return !one.is_ready; }),
                   states.end());
    return read_json("{\"models\":" + repository_index(states) + "}", *response);
  });
}

grpc::ServerUnaryReactor* InferenceService::ModelInfer(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return infer_call(server_, *context, *request, *response);
}

grpc::ServerGenericBidiReactor* RefusingService::CreateReactor(grpc::GenericCallbackServerContext* context) {
  struct Refusal final : grpc::ServerGenericBidiReactor {
    void OnDone() override { delete this; }
  };
  const std::string& path = context->method();
  const std::string method = path.substr(path.rfind('/') + 1);
  CallInfo info(*server_, *context, path);
  auto status = info.status_of(Error(ErrorCode::kUnsupported, method.substr(0, 100) + ": " + refusal_of(method)));
  info.log(*server_, false);
  auto* refusal = new Refusal;
  refusal->Finish(std::move(status));
  return refusal;
}

}  // namespace gantry_server

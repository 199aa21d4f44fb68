// SPDX-License-Identifier: Apache-2.0
#include "call_info.hpp"

#include <algorithm>
#include <gantry/http_status.hpp>
#include <string_view>
#include <utility>

#include "status.hpp"

namespace gantry_server {
namespace {

/// Metadata of the client, "" if absent. `name`: of HTTP, in any case.
std::string_view find_metadata(const grpc::CallbackServerContext& context, std::string_view name) {
  std::string key(name);
  std::transform(key.begin(), key.end(), key.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto& all = context.client_metadata();
  const auto found = all.find(key);
  return found == all.end() ? std::string_view() : std::string_view(found->second.data(), found->second.size());
}

/// "ipv4:127.0.0.1:9" and "ipv6:%5B::1%5D:9" as in the lines of HTTP.
std::string client_of(const std::string& peer) {
  if (peer.rfind("unix", 0) == 0) return "unix";
  std::string client = peer.rfind("ipv", 0) == 0 ? peer.substr(5) : peer;
  for (const auto& [escape, character] : {std::pair{"%5B", '['}, std::pair{"%5D", ']'}})
    if (const auto at = client.find(escape); at != std::string::npos) client.replace(at, 3, 1, character);
  return client;
}

}  // namespace

CallInfo::CallInfo(const GrpcContext& server, grpc::CallbackServerContext& context, std::string method)
    : context_(&context), method_(std::move(method)) {
  if (!server.tracer) return;
  // As in HTTP: two of traceparent are none, several of tracestate are one.
  const auto& all = context.client_metadata();
  std::string state;
  const auto [first, last] = all.equal_range("tracestate");
  for (auto one = first; one != last; ++one) {
    if (!state.empty()) state += ',';
    state.append(one->second.data(), one->second.size());
  }
  const bool is_one = all.count("traceparent") == 1;
  trace_ = server.tracer->begin(is_one ? find_metadata(context, "traceparent") : "", state, method_);
  context.AddTrailingMetadata("traceresponse", gantry::to_string(trace_->span));
}

std::optional<grpc::Status> CallInfo::refuse(const GrpcContext& server) {
  if (!server.keys) return std::nullopt;
  auto check = check_key(*server.keys, [this](const char* name) { return find_metadata(*context_, name); });
  tenant_ = std::move(check.tenant);
  if (check.status == 200) return std::nullopt;
  http_status_ = check.status;
  reason_ = "http_" + std::to_string(check.status);
  code_ = check.status == 401 ? grpc::StatusCode::UNAUTHENTICATED : grpc::StatusCode::PERMISSION_DENIED;
  return grpc::Status(code_, check.text);
}

gantry::Result<gantry::RunOptions> CallInfo::run_options(const RequestLimits& limits) const {
  std::chrono::microseconds own{0};
  if (const auto deadline = context_->deadline(); deadline != std::chrono::system_clock::time_point::max()) {
    const auto left = deadline - std::chrono::system_clock::now();
    own = std::max(std::chrono::duration_cast<std::chrono::microseconds>(left), std::chrono::microseconds(1));
  }
  auto options = run_options_of([this](const char* name) { return find_metadata(*context_, name); }, own, limits);
  if (options && !tenant_.empty()) options->tenant = tenant_;
  if (options && trace_) options->trace_parent = gantry::to_string(trace_->span);
  return options;
}

void CallInfo::set_model(const ServedModel& model) {
  model_ = model.name;
  version_ = model.version;
  context_->AddTrailingMetadata("x-model-name", model_);
  context_->AddTrailingMetadata("x-model-version", version_);
}

grpc::Status CallInfo::status_of(const gantry::Result<void>& result) {
  if (result) return grpc::Status::OK;
  const gantry::Error& error = result.error();
  const bool has_reason = error.reason() != gantry::ErrorReason::kNone;
  reason_ = has_reason ? gantry::to_string(error.reason()) : gantry::to_string(error.code());
  http_status_ = static_cast<unsigned>(gantry::http_status(error));
  context_->AddTrailingMetadata("x-error-reason", reason_);
  if (const auto after = gantry::retry_after(error))
    context_->AddTrailingMetadata("retry-after", std::to_string(after->count()));
  auto status = to_status(error);
  code_ = status.error_code();
  return status;
}

void CallInfo::log(const GrpcContext& server, bool is_cancelled) const {
  if (!server.log) return;
  const std::string client = client_of(context_->peer());
  AccessLine line;
  line.client = client;
  line.method = "POST";
  line.path = method_;
  line.status = http_status_;
  grpc::StatusCode code = code_;
  if (is_cancelled) {
    const bool is_late = context_->deadline() <= std::chrono::system_clock::now();
    line.status = is_late ? 504 : 499;
    code = is_late ? grpc::StatusCode::DEADLINE_EXCEEDED : grpc::StatusCode::CANCELLED;
  }
  line.grpc_status = name_of(code);
  line.grpc_code = code;
  line.began = began_;
  line.time = std::chrono::steady_clock::now() - began_;
  line.bytes_in = bytes_in_;
  line.bytes_out = bytes_out_;
  line.model = model_;
  line.version = version_;
  line.reason = reason_;
  line.tenant = tenant_;
  if (tenant_.empty()) line.tenant = find_metadata(*context_, "X-Tenant");
  line.user_agent = find_metadata(*context_, "user-agent");
  line.trace_parent = find_metadata(*context_, "traceparent");
  if (trace_) line.trace = &*trace_;
  server.log(line);
}

}  // namespace gantry_server

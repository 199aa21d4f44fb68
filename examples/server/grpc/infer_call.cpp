// SPDX-License-Identifier: Apache-2.0
#include "infer_call.hpp"

#include <atomic>
#include <chrono>
#include <gantry/translate_exception.hpp>
#include <string>
#include <utility>

#include "api/infer_tensors.hpp"
#include "call_info.hpp"
#include "open_inference.grpc.pb.h"
#include "read_infer_message.hpp"
#include "write_infer_message.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;
using Message = inference::ModelInferRequest;

/// The message, and its share of the memory for bodies.
Result<std::shared_ptr<const Message>> parse(const grpc::ByteBuffer& wire, BodyPool& bodies) {
  struct Counted {
    std::shared_ptr<void> memory;
    Message message;
  };
  const auto parsed = std::make_shared<Counted>();
  parsed->memory = bodies.reserve(2 * wire.Length());  // as the message, and as gRPC received it
  if (!parsed->memory)
    return Error(ErrorCode::kResourceExhausted,
                 "the bodies of all requests exceed the memory that this server gives them")
        .with_reason(gantry::ErrorReason::kQueueFull, std::chrono::seconds(1));
  grpc::ByteBuffer copy(wire);  // shares the memory
  if (!grpc::SerializationTraits<Message>::Deserialize(&copy, &parsed->message).ok())
    return Error(ErrorCode::kInvalidArgument, "the message is no ModelInferRequest");
  return std::shared_ptr<const Message>(parsed, &parsed->message);
}

class InferCall final : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<InferCall> {
 public:
  InferCall(std::shared_ptr<const GrpcContext> server, grpc::CallbackServerContext& context, grpc::ByteBuffer& answer)
      : server_(std::move(server)),
        info_(*server_, context, "/inference.GRPCInferenceService/ModelInfer"),
        answer_(&answer) {
    ++server_->http->requests;
  }
  ~InferCall() override { --server_->http->requests; }

  void start(const grpc::ByteBuffer& wire) {
    self_ = shared_from_this();
    try {
      if (auto refusal = info_.refuse(*server_)) return Finish(*std::move(refusal));
      if (auto ok = run(wire); !ok) finish(ok.error());
    } catch (...) {
      finish(gantry::detail::translate_exception());
    }
  }

 private:
  Result<void> run(const grpc::ByteBuffer& wire) {
    info_.set_bytes_in(wire.Length());
    auto message = parse(wire, server_->http->bodies);
    if (!message) return message.error();
    message_ = *message;
    auto model = server_->models->find((*message)->model_name(), (*message)->model_version());
    if (!model) return model.error();
    info_.set_model(**model);
    auto options = info_.run_options(server_->limits);
    if (!options) return options.error();
    options->cancel = cancel_;
    auto parsed = read_infer_message(*message);
    if (!parsed) return parsed.error();
    const auto call = std::make_shared<const InferRequest>(*std::move(parsed));
    infer_tensors(*model, call, *std::move(options), [self = shared_from_this(), call](const auto& result) {
      self->finish(result ? write_infer_message(*result, *call) : Result<grpc::ByteBuffer>(result.error()));
    });
    return {};
  }

  void finish(const Result<grpc::ByteBuffer>& answer) {
    if (is_finished_.exchange(true)) return;  // the first answer counts
    if (answer) {
      *answer_ = *answer;
      info_.set_bytes_out(answer->Length());
    }
    Finish(info_.status_of(answer ? Result<void>() : Result<void>(answer.error())));
  }

  void OnCancel() override {
    is_cancelled_ = true;
    cancel_.cancel();
  }
  void OnDone() override {
    info_.log(*server_, is_cancelled_);
    self_.reset();
  }

  const std::shared_ptr<const GrpcContext> server_;
  CallInfo info_;
  grpc::ByteBuffer* const answer_;
  std::shared_ptr<const Message> message_;  // counted until the call is over, as long as gRPC keeps what it received
  gantry::CancelToken cancel_ = gantry::CancelToken::create();
  std::atomic<bool> is_cancelled_{false};
  std::atomic<bool> is_finished_{false};
  std::shared_ptr<InferCall> self_;  // until the call is over
};

}  // namespace

grpc::ServerUnaryReactor* infer_call(const std::shared_ptr<const GrpcContext>& server,
                                     grpc::CallbackServerContext& context, const grpc::ByteBuffer& message,
                                     grpc::ByteBuffer& answer) {
  const auto call = std::make_shared<InferCall>(server, context, answer);
  call->start(message);
  return call.get();
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// OtlpObserver: writes gantry's spans as OpenTelemetry traces, one JSON line per span. The OpenTelemetry collector
// reads the format: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
//
// The OpenTelemetry SDK is used in the same way: on_request() starts a span with the caller's context as its parent and
// returns it; on_span() starts and ends a span with the given times and that parent.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/observer.hpp>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <ostream>
#include <random>
#include <string>
#include <utility>

class OtlpObserver final : public gantry::Observer {
 public:
  /// `out` must outlive the observer, and nobody else may write to it.
  OtlpObserver(std::string service, std::ostream& out) : service_(std::move(service)), out_(out) {}

  std::shared_ptr<void> on_request(const gantry::RequestStart& start) override {
    if (start.parent && !start.parent->is_sampled()) return nullptr;  // the caller records nothing, so neither do we
    auto request = std::make_shared<Request>();
    if (start.outer) {  // part of another pipeline's request
      const Context& outer = static_cast<const Request*>(start.outer.get())->context;
      request->context.trace_id = outer.trace_id;
      request->parent_id = outer.span_id;
    } else if (start.parent) {
      const std::string parent = gantry::to_string(*start.parent);  // "00-<trace id>-<span id>-<flags>"
      request->context.trace_id = parent.substr(3, 32);
      request->parent_id = parent.substr(36, 16);
    } else {
      request->context.trace_id = new_id() + new_id();
    }
    request->context.span_id = new_id();
    request->tenant = start.tenant;
    return request;
  }

  void on_span(const gantry::EndedSpan& span) override {
    const auto request_at = [&](std::size_t i) -> const Request& {
      return *static_cast<const Request*>(span.requests[i].get());
    };
    const Request& request = request_at(0);
    nlohmann::json json = describe(span);
    if (span.kind == gantry::SpanKind::kRequest) {
      set_context(json, request.context, request.parent_id);
      if (!request.tenant.empty()) add(json, "gantry.tenant", request.tenant);
    } else if (span.requests.size() == 1) {
      set_context(json, {request.context.trace_id, new_id()}, request.context.span_id);
    } else {  // a batch of several requests has no parent: it is a trace of its own, with a link to each
      set_context(json, {new_id() + new_id(), new_id()}, "");
      for (std::size_t i = 0; i < span.requests.size(); ++i) {
        const Context& member = request_at(i).context;
        json["links"].push_back({{"traceId", member.trace_id}, {"spanId", member.span_id}});
      }
    }
    write(std::move(json));
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Context {
    std::string trace_id;  // hex
    std::string span_id;
  };
  struct Request {
    Context context;
    std::string parent_id;  // empty: the trace begins here
    std::string tenant;
  };

  nlohmann::json describe(const gantry::EndedSpan& span) const {
    nlohmann::json json = {{"name", gantry::to_string(span.kind) + (" " + std::string(span.name))},
                           {"kind", 1},  // internal
                           {"startTimeUnixNano", unix_time(span.began)},
                           {"endTimeUnixNano", unix_time(span.ended)}};
    add(json, "gantry.kind", gantry::to_string(span.kind));
    add(json, "gantry.samples", span.samples);
    if (!span.path.empty()) add(json, "gantry.stage.path", std::string(span.path));
    if (span.error == nullptr) return json;
    add(json, "error.type", gantry::to_string(span.error->code()));
    if (span.error->reason() != gantry::ErrorReason::kNone)
      add(json, "gantry.reject_reason", gantry::to_string(span.error->reason()));
    json["status"] = {{"code", 2}, {"message", span.error->to_string()}};
    return json;
  }

  static void set_context(nlohmann::json& json, const Context& context, const std::string& parent_id) {
    json["traceId"] = context.trace_id;
    json["spanId"] = context.span_id;
    if (!parent_id.empty()) json["parentSpanId"] = parent_id;
  }
  static void add(nlohmann::json& json, const char* key, const std::string& value) {
    json["attributes"].push_back({{"key", key}, {"value", {{"stringValue", value}}}});
  }
  static void add(nlohmann::json& json, const char* key, std::size_t value) {  // 64-bit integers are strings in OTLP
    json["attributes"].push_back({{"key", key}, {"value", {{"intValue", std::to_string(value)}}}});
  }

  std::string unix_time(Clock::time_point time) const {
    return std::to_string(std::chrono::nanoseconds(time - epoch_).count());
  }
  /// 8 random bytes in hex, not all zero.
  std::string new_id() {
    const std::lock_guard lock(mutex_);
    std::uint64_t number = 0;
    while (number == 0) number = random_();
    std::string id;
    for (int shift = 60; shift >= 0; shift -= 4) id += "0123456789abcdef"[(number >> shift) & 15];
    return id;
  }

  void write(nlohmann::json span) {
    using nlohmann::json;
    json resource;
    add(resource, "service.name", service_);
    const json scope = {{"scope", {{"name", "gantry"}}}, {"spans", json::array({std::move(span)})}};
    const json of_resource = {{"resource", std::move(resource)}, {"scopeSpans", json::array({scope})}};
    const json line = {{"resourceSpans", json::array({of_resource})}};
    // Bytes of a message that are not UTF-8 are replaced: a trace must not throw.
    const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace);
    const std::lock_guard lock(mutex_);
    out_ << text << std::endl;
  }

  const std::string service_;
  /// The steady clock's time at 1970, so that all spans agree even if the system's clock is set.
  const Clock::time_point epoch_ =
      Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::system_clock::now().time_since_epoch());
  std::mutex mutex_;
  std::mt19937_64 random_{(std::uint64_t{std::random_device()()} << 32) | std::random_device()()};
  std::ostream& out_;
};

// SPDX-License-Identifier: Apache-2.0
#include "write_otlp.hpp"

#include <gantry/json_writer.hpp>
#include <gantry/version.hpp>

namespace gantry_server {
namespace {

using gantry::JsonWriter;
using Time = std::chrono::steady_clock::time_point;

void write_attributes(JsonWriter& json, const std::vector<Attribute>& attributes) {
  json.key("attributes").begin_list();
  for (const Attribute& attribute : attributes) {
    json.begin_object().field("key", attribute.key).key("value").begin_object();
    if (const auto* text = std::get_if<std::string>(&attribute.value))
      json.field("stringValue", *text);
    else  // 64-bit integers are texts in protobuf's JSON
      json.field("intValue", std::to_string(std::get<std::int64_t>(attribute.value)));
    json.end_object().end_object();
  }
  json.end_list();
}

std::string nanoseconds_since(Time epoch, Time time) {
  return std::to_string(std::chrono::nanoseconds(time - epoch).count());
}

/// The W3C flags in the lower byte; then, whether it is known that the parent is in another process, and whether it is.
std::uint32_t flags_of(const Span& span) {
  const bool is_remote = span.role == SpanRole::kServer && span.context.parent;
  return span.context.span.flags | 0x100u | (is_remote ? 0x200u : 0u);
}

void write_span(JsonWriter& json, const Span& span, Time epoch) {
  json.begin_object().field("traceId", trace_id_text(span.context)).field("spanId", span_id_text(span.context));
  if (span.context.parent) {
    TraceContext parent = span.context;
    parent.span.parent_id = *span.context.parent;
    json.field("parentSpanId", span_id_text(parent));
  }
  if (!span.context.state.empty()) json.field("traceState", span.context.state);
  json.field("flags", flags_of(span)).field("name", span.name).field("kind", static_cast<int>(span.role));
  json.field("startTimeUnixNano", nanoseconds_since(epoch, span.began));
  json.field("endTimeUnixNano", nanoseconds_since(epoch, span.ended));
  write_attributes(json, span.attributes);
  if (span.has_failed) {
    json.key("status").begin_object().field("code", 2);  // STATUS_CODE_ERROR
    if (!span.message.empty()) json.field("message", span.message);
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string write_otlp(const std::vector<Attribute>& resource, const std::vector<Span>& spans, Time epoch) {
  JsonWriter json;
  json.begin_object().key("resourceSpans").begin_list().begin_object().key("resource").begin_object();
  write_attributes(json, resource);
  json.end_object().key("scopeSpans").begin_list().begin_object().key("scope").begin_object();
  json.field("name", "gantry-server").field("version", GANTRY_VERSION_STRING).end_object();
  json.key("spans").begin_list();
  for (const Span& span : spans) write_span(json, span, epoch);
  json.end_list().end_object().end_list().end_object().end_list().end_object();
  return json.finish().value();
}

}  // namespace gantry_server

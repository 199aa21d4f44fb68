// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <type_traits>
#include <utility>

#include "nearest_name.hpp"
#include "trace/collector_url.hpp"
#include "trace/resource.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Result;

std::string describe(const SettingValue& value) {
  struct Text {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(const std::string& text) const { return "'" + text + "'"; }
    std::string operator()(const std::vector<std::string>&) const { return "a list"; }
  };
  return std::visit(Text(), value);
}

Error unexpected(const std::string& expected, const SettingValue& value) {
  return Error(ErrorCode::kInvalidArgument, "expected " + expected + ", got " + describe(value));
}

/// `field` returns a reference to the member. Numbers and durations lie in `least`..`most`.
template <class Field>
Setting setting(std::string key, std::string help, Field field, std::int64_t least = 0,
                std::int64_t most = std::numeric_limits<std::int32_t>::max()) {
  using Member = std::decay_t<decltype(field(std::declval<ServerConfig&>()))>;
  const auto member = [field](const ServerConfig& config) -> const Member& {
    return field(const_cast<ServerConfig&>(config));  // it only reads
  };
  Setting made{std::move(key), std::move(help), {}, {}};
  if constexpr (std::is_same_v<Member, bool> || std::is_same_v<Member, std::string> ||
                std::is_same_v<Member, std::vector<std::string>>) {
    made.get = [member](const ServerConfig& config) -> SettingValue { return member(config); };
    made.set = [field](ServerConfig& config, const SettingValue& value) -> Result<void> {
      if (const auto* right = std::get_if<Member>(&value)) {
        field(config) = *right;
        return {};
      }
      return unexpected(std::is_same_v<Member, bool>          ? "true or false"
                        : std::is_same_v<Member, std::string> ? "text"
                                                              : "a list of texts",
                        value);
    };
  } else {
    made.get = [member](const ServerConfig& config) -> SettingValue {
      if constexpr (std::is_integral_v<Member>)
        return static_cast<std::int64_t>(member(config));
      else
        return static_cast<std::int64_t>(member(config).count());
    };
    made.set = [field, least, most](ServerConfig& config, const SettingValue& value) -> Result<void> {
      const auto* number = std::get_if<std::int64_t>(&value);
      if (number == nullptr || *number < least || *number > most)
        return unexpected("a whole number, " + std::to_string(least) + " to " + std::to_string(most), value);
      field(config) = Member(*number);
      return {};
    };
  }
  return made;
}

constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr std::int64_t kDayMs = 86'400'000;

std::vector<Setting> make_settings() {
  return {
      setting(
          "models.directory", "where the packages lie: <name>/<version>/",
          [](ServerConfig & c) -> auto& { return c.models_directory; }),
      setting(
          "models.allow_failed", "start although a package cannot be opened; requests for it get 503",
          [](ServerConfig & c) -> auto& { return c.allow_failed_models; }),
      setting(
          "models.golden_cache",
          "directory that remembers which packages passed their golden cases; empty: all run at each start",
          [](ServerConfig & c) -> auto& { return c.golden_cache; }),
      setting(
          "http.listen", "addresses: host:port, :port, unix:/path", [](ServerConfig & c) -> auto& { return c.listen; }),
      setting(
          "http.io_threads", "threads that read and write sockets",
          [](ServerConfig & c) -> auto& { return c.io_threads; }, 1, 64),
      setting(
          "http.max_body_bytes", "largest body of a request; a larger one gets 413",
          [](ServerConfig & c) -> auto& { return c.http.max_body_bytes; }, 1, 2 * kGiB),
      setting(
          "http.max_bytes_in_flight",
          "memory for the bodies of all requests and for large answers; beyond it they get 503",
          [](ServerConfig & c) -> auto& { return c.http.max_bytes_in_flight; }, 1 << 20, 1024 * kGiB),
      setting(
          "http.max_header_bytes", "largest headers of a request; larger ones get 431",
          [](ServerConfig & c) -> auto& { return c.http.max_header_bytes; }, 1024, 1 << 20),
      setting(
          "http.max_connections", "open at one time; more are answered with 503 and closed",
          [](ServerConfig & c) -> auto& { return c.http.max_connections; }, 1, 1'000'000),
      setting(
          "http.header_timeout_ms", "for a request's headers to arrive",
          [](ServerConfig & c) -> auto& { return c.http.header_timeout; }, 1, kDayMs),
      setting(
          "http.transfer_timeout_ms",
          "for a body to arrive or an answer to leave, beside its size / min_bytes_per_second",
          [](ServerConfig & c) -> auto& { return c.http.transfer_timeout; }, 1, kDayMs),
      setting(
          "http.min_bytes_per_second", "slowest transfer that is not cut off",
          [](ServerConfig & c) -> auto& { return c.http.min_bytes_per_second; }, 1, kGiB),
      setting(
          "http.idle_timeout_ms", "a connection without a request is closed after it",
          [](ServerConfig & c) -> auto& { return c.http.idle_timeout; }, 1, kDayMs),
      setting(
          "http.compression_level", "of answers to clients that accept gzip or deflate: 1 (fastest) to 9; 0: none",
          [](ServerConfig & c) -> auto& { return c.http.compression_level; }, 0, 9),
      setting(
          "http.compress_from_bytes", "shorter answers are sent as they are",
          [](ServerConfig & c) -> auto& { return c.http.compress_from_bytes; }, 1, 2 * kGiB),
      setting(
          "grpc.listen", "addresses of gRPC, whose limits are those of http: as http.listen; empty: none",
          [](ServerConfig & c) -> auto& { return c.grpc_listen; }),
      setting(
          "grpc.max_connection_age_ms",
          "a connection is replaced after it; calls that stall end with it, as late as any call may last. 0: never",
          [](ServerConfig & c) -> auto& { return c.grpc_max_connection_age; }, 0, kDayMs),
      setting(
          "grpc.reflection", "tells clients such as grpcurl which services and messages there are; it asks for no key",
          [](ServerConfig & c) -> auto& { return c.has_grpc_reflection; }),
      setting(
          "tls.certificate",
          "PEM file: the server's certificate, then those between it and the root; all TCP addresses then speak TLS",
          [](ServerConfig & c) -> auto& { return c.tls.certificate; }),
      setting(
          "tls.key", "PEM file: its key, without a password", [](ServerConfig & c) -> auto& { return c.tls.key; }),
      setting(
          "tls.client_ca", "PEM file: clients need a certificate signed by one of these; empty: they need none",
          [](ServerConfig & c) -> auto& { return c.tls.client_ca; }),
      setting(
          "auth.api_keys_file", "lines of '<tenant> <key>'; requests then need a key. Empty: none is asked for",
          [](ServerConfig & c) -> auto& { return c.api_keys_file; }),
      setting(
          "admin.listen", "addresses of the admin port, which loads and unloads models; empty: none",
          [](ServerConfig & c) -> auto& { return c.admin_listen; }),
      setting(
          "admin.token_file",
          "file with the token that requests to the admin port need; an address that others reach needs one",
          [](ServerConfig & c) -> auto& { return c.admin_token_file; }),
      setting(
          "requests.default_timeout_ms", "deadline of a request that names none; 0: none",
          [](ServerConfig & c) -> auto& { return c.requests.default_timeout; }, 0, kDayMs),
      setting(
          "requests.max_timeout_ms", "longest deadline of a request; 0: any",
          [](ServerConfig & c) -> auto& { return c.requests.max_timeout; }, 0, kDayMs),
      setting(
          "requests.max_samples", "most samples in one request; with more it gets 400",
          [](ServerConfig & c) -> auto& { return c.requests.max_samples; }, 1, 1'000'000),
      setting(
          "drain.delay_ms", "after SIGTERM: not ready, but serving, until balancers have noticed",
          [](ServerConfig & c) -> auto& { return c.drain_delay; }, 0, kDayMs),
      setting(
          "drain.timeout_ms", "then: for the requests in flight to end",
          [](ServerConfig & c) -> auto& { return c.drain_timeout; }, 0, kDayMs),
      setting(
          "log.access",
          "JSON lines, one for each request: stderr, stdout, a file's path (SIGHUP reopens it), or empty for none",
          [](ServerConfig & c) -> auto& { return c.access_log; }),
      setting(
          "trace.endpoint", "OTLP/HTTP collector that gets traces: http://host:4318 or https; empty: no traces",
          [](ServerConfig & c) -> auto& { return c.trace.endpoint; }),
      setting(
          "trace.sample_one_in", "of the requests without a traceparent, one in so many is recorded; 0: none",
          [](ServerConfig & c) -> auto& { return c.trace.sample_one_in; }),
      setting(
          "trace.headers_file", "lines of 'Name: value' that are sent to the collector, such as a token",
          [](ServerConfig & c) -> auto& { return c.trace.headers_file; }),
      setting(
          "trace.ca_file", "PEM file: who signs the collector's certificate; empty: those that the system trusts",
          [](ServerConfig & c) -> auto& { return c.trace.ca_file; }),
      setting(
          "trace.service_name", "what the collector knows this server as",
          [](ServerConfig & c) -> auto& { return c.trace.service_name; }),
      setting(
          "trace.resource_attributes",
          "'key=value' of OpenTelemetry's resource, such as deployment.environment.name=test",
          [](ServerConfig & c) -> auto& { return c.trace.resource_attributes; }),
      setting(
          "trace.timeout_ms", "of an export; and of all that are left at the server's end",
          [](ServerConfig & c) -> auto& { return c.trace.timeout; }, 1, kDayMs),
      setting(
          "trace.max_spans", "that wait to be exported; more are dropped",
          [](ServerConfig & c) -> auto& { return c.trace.max_spans; }, 1, 1'000'000),
      setting(
          "page.enabled", "the page for people at /, and /v2/status, which it reads",
          [](ServerConfig & c) -> auto& { return c.has_page; }),
  };
}

/// Whether only this machine reaches it.
bool is_local(const std::string& address) {
  for (const char* prefix : {"unix:", "127.", "localhost:", "[::1]:"})
    if (address.rfind(prefix, 0) == 0) return true;
  return false;
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

const Setting* find_setting(std::string_view key) {
  for (const Setting& one : settings())
    if (one.key == key) return &one;
  return nullptr;
}

std::string nearest_setting(std::string_view key) {
  std::vector<std::string> keys;
  for (const Setting& one : settings()) keys.push_back(one.key);
  const std::string nearest = nearest_name(key, keys);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

Result<void> set_from_text(const Setting& setting, ServerConfig& config, const std::string& text) {
  const SettingValue kind = setting.get(config);
  if (std::holds_alternative<std::string>(kind)) return setting.set(config, text);
  if (std::holds_alternative<std::vector<std::string>>(kind)) {
    std::vector<std::string> items;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      if (end > at) items.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return setting.set(config, std::move(items));
  }
  if (text == "true" || text == "false") return setting.set(config, text == "true");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return setting.set(config, number);
  return setting.set(config, text);
}

Result<void> check_settings(const ServerConfig& config) {
  if (config.listen.empty())
    return Error(ErrorCode::kInvalidArgument, "http.listen: expected an address at least, got an empty list");
  if (config.tls.certificate.empty() != config.tls.key.empty() ||
      (config.tls.certificate.empty() && !config.tls.client_ca.empty()))
    return Error(ErrorCode::kInvalidArgument, "tls: tls.certificate and tls.key belong together; one of them is empty");
  for (const std::string& address : config.admin_listen)
    if (config.admin_token_file.empty() && !is_local(address))
      return Error(ErrorCode::kInvalidArgument, "admin.listen: other machines reach '" + address +
                                                    "'; give admin.token_file, or listen on 127.0.0.1");
  if (!config.trace.endpoint.empty()) {
    if (auto url = parse_collector_url(config.trace.endpoint); !url)
      return Error(url.error().code(), "trace.endpoint: " + url.error().message());
    if (auto resource = resource_of(config.trace); !resource) return resource.error();
  }
  // A buffer has up to twice the size of its body.
  if (config.http.max_bytes_in_flight / 2 < config.http.max_body_bytes)
    return Error(ErrorCode::kInvalidArgument,
                 "http.max_bytes_in_flight: expected at least twice http.max_body_bytes, which is " +
                     std::to_string(config.http.max_body_bytes) + ", got " +
                     std::to_string(config.http.max_bytes_in_flight));
  return {};
}

std::string variable_of(const Setting& setting) {
  std::string name = "GANTRY_SERVER_" + setting.key;
  for (char& c : name) {
    if (c == '.') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

}  // namespace gantry_server

// SPDX-License-Identifier: Apache-2.0
// ServerConfig: everything that can be configured.
#pragma once

#include <chrono>
#include <gantry/runtime.hpp>
#include <string>
#include <vector>

#include "api/request_options.hpp"
#include "http/http_options.hpp"
#include "http/tls_files.hpp"
#include "trace/trace_options.hpp"

namespace gantry_server {

struct ServerConfig {
  std::string models_directory = "/models";
  bool allow_failed_models = false;
  std::string golden_cache;
  std::vector<std::string> listen{":8080"};
  int io_threads = 1;
  std::vector<std::string> grpc_listen;
  std::chrono::milliseconds grpc_max_connection_age{3'600'000};
  bool has_grpc_reflection = false;
  TlsFiles tls;  ///< empty: without TLS
  std::vector<std::string> admin_listen{"127.0.0.1:8081"};
  std::string admin_token_file;
  std::string api_keys_file;
  HttpOptions http;
  RequestLimits requests;
  std::chrono::milliseconds drain_delay{5'000};
  std::chrono::milliseconds drain_timeout{20'000};
  std::string access_log = "stderr";
  TraceOptions trace;
  bool has_page = true;
  gantry::RuntimeOptions runtime;
  std::string runtime_toml = "[runtime]\n";  ///< what `runtime` was read from
};

}  // namespace gantry_server

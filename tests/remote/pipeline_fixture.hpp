// SPDX-License-Identifier: Apache-2.0
// RemotePipelineTest: pipelines of scripted servers, whose inputs and outputs are files in the protocol (BYTES).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "remote/remote_fixture.hpp"

namespace gantry::inline GANTRY_ABI::test {

using gantry_test::answer_of;
using gantry_test::kX;
using gantry_test::kY;
using gantry_test::metadata;

/// BYTES in a model's metadata, with the payload type that gantry-server names.
inline std::string file(const std::string& name, const std::string& payload) {
  const std::string parameters = payload.empty() ? "" : R"(,"parameters":{"payload":")" + payload + R"("})";
  return R"({"name":")" + name + R"(","datatype":"BYTES","shape":[-1])" + parameters + "}";
}
inline const std::string kPhoto = file("input", "bytes");
inline const std::string kClasses = file("classes", "classes");

inline std::string with_length(const std::string& text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text;
}

/// The answer of a BYTES output with one element, whose shape and bytes may lie.
inline std::string file_answer(const std::string& name, const std::string& element, const std::string& shape = "[1]",
                               const std::string& headers = "") {
  const std::string json = R"({"outputs":[{"name":")" + name + R"(","datatype":"BYTES","shape":)" + shape +
                           R"(,"parameters":{"binary_data_size":)" + std::to_string(element.size()) + "}}]}";
  return answer_of(json + element,
                   "Inference-Header-Content-Length: " + std::to_string(json.size()) + "\r\n" + headers);
}

inline ScriptedServer::Infer answers(const std::string& answer) {
  return [answer](const Request&, Wire& wire, int) {
    wire.send(answer);
    return true;
  };
}

/// The JSON text of a request, and what follows it.
inline std::pair<std::string, std::string> parts_of(const Request& request) {
  const std::size_t size = std::stoul(request.header("inference-header-content-length"));
  return {request.body.substr(0, size), request.body.substr(size)};
}

class RemotePipelineTest : public RemoteTest {
 protected:
  Result<AnyPipeline> connect_any(const std::string& addresses, remote::PipelineOptions options = {}) const {
    options.runtime = *runtime;
    return remote::connect_pipeline(addresses, "m", options);
  }
  template <class In, class Out>
  Result<Pipeline<In, Out>> connect_to(const std::string& addresses, remote::PipelineOptions options = {}) const {
    options.runtime = *runtime;
    return remote::connect_pipeline<In, Out>(addresses, "m", options);
  }
};

}  // namespace gantry::inline GANTRY_ABI::test

// SPDX-License-Identifier: Apache-2.0
// Bodies of multipart/form-data that clients send to examples/server: the first line is the header Content-Type, what
// follows it the body.
#include "http/multipart.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"

namespace {

using namespace gantry_server;
using gantry::Bytes;
using gantry::test::require;

std::string_view text_of(const Bytes& bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

/// The parts as a client would write them, with a boundary that is in none of them.
std::string written(const std::vector<FormPart>& parts, const std::string& boundary) {
  std::string body;
  for (const FormPart& part : parts) {
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"";
    for (const char c : part.name) body += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
    body += "\"\r\n";
    if (!part.media_type.empty()) body += "Content-Type: " + part.media_type + "\r\n";
    body += "\r\n" + std::string(text_of(part.content)) + "\r\n";
  }
  return body + "--" + boundary + "--\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), size);
  const auto line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view type = input.substr(0, line), text = input.substr(line + 1);
  MultipartLimits limits;
  limits.max_parts = 20;
  limits.max_header_bytes = 300;
  const Bytes body = Bytes::copy(text.data(), text.size());
  const auto parts = read_multipart(body, type, limits);
  if (!parts) {
    require(!parts.error().message().empty());
    return 0;
  }
  require(!parts->empty() && parts->size() <= limits.max_parts);
  const std::uint8_t* behind = body.data();  // the parts lie in the body, one behind the other
  for (const FormPart& part : *parts) {
    require(!part.name.empty());
    if (part.content.empty()) continue;
    require(part.content.data() >= behind && part.content.end() <= body.end());
    behind = part.content.end();
  }
  std::string boundary = "b";
  while (text.find("--" + boundary) != std::string_view::npos) boundary += 'b';
  if (boundary.size() > 70) return 0;
  const std::string same = written(*parts, boundary);
  limits.max_header_bytes = 3000;
  const auto again =
      read_multipart(Bytes::copy(same.data(), same.size()), "multipart/form-data; boundary=" + boundary, limits);
  require(again && again->size() == parts->size());
  for (std::size_t i = 0; i < parts->size(); ++i) {
    require((*again)[i].name == (*parts)[i].name && (*again)[i].media_type == (*parts)[i].media_type);
    require(text_of((*again)[i].content) == text_of((*parts)[i].content));
  }
  return 0;
}

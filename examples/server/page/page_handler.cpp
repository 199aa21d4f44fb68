// SPDX-License-Identifier: Apache-2.0
#include "page_handler.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "api/status.hpp"
#include "http/target.hpp"
#include "page_files.hpp"

namespace gantry_server {
namespace {

constexpr std::string_view kFolder = "/page/";
constexpr std::string_view kStatus = "/v2/status";

// `blob:` is the picture that the user chose, which is drawn with the answer. Trusted types: no string becomes HTML.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

/// nullptr for a path that is none of the page's files.
const PageFile* find_file(std::string_view path) {
  std::string_view name;
  if (path == "/")
    name = "index.html";
  else if (path.substr(0, kFolder.size()) == kFolder)
    name = path.substr(kFolder.size());
  const auto& files = page_files();
  const auto found = std::find_if(files.begin(), files.end(), [&](const PageFile& one) { return one.name == name; });
  return found == files.end() ? nullptr : &*found;
}

std::string content_type_of(std::string_view name) {
  const std::string_view ending = name.substr(std::min(name.rfind('.'), name.size()));
  if (ending == ".html") return "text/html; charset=utf-8";
  if (ending == ".css") return "text/css; charset=utf-8";
  if (ending == ".js") return "text/javascript; charset=utf-8";
  return "image/svg+xml";
}

Response file_response(const PageFile& file) {
  Response response;
  response.content_type = content_type_of(file.name);
  response.headers = {{"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"},
                      {"Cache-Control", "no-cache"}};  // the next version of the server has other files
  response.body.push_back(gantry::Bytes::wrap(file.content.data(), file.content.size(), nullptr));
  return response;
}

}  // namespace

std::optional<Response> PageHandler::refuse(Request& head) const {
  if (head.path != kStatus && find_file(head.path) == nullptr) return service_->refuse(head);
  if (head.method == http::verb::get) return std::nullopt;
  Response response = error_response(405, "this path takes GET, HEAD");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

void PageHandler::handle(const std::shared_ptr<const Request>& request, Respond respond) const {
  if (request->path == kStatus) {
    const std::string_view plans = query_value(request->query, "plans").value_or("false");
    if (plans != "true" && plans != "false")
      return respond(error_response(400, "plans: expected true or false, got '" + std::string(plans) + "'"));
    const auto uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_);
    Response response =
        json_response(server_status({uptime, service_->is_draining()}, *models_, runtime_, plans == "true"));
    response.headers.emplace_back("Cache-Control", "no-store");
    return respond(std::move(response));
  }
  if (const PageFile* file = find_file(request->path)) return respond(file_response(*file));
  service_->handle(request, std::move(respond));
}

}  // namespace gantry_server

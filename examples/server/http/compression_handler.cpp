// SPDX-License-Identifier: Apache-2.0
#include "compression_handler.hpp"

#include <gantry/translate_exception.hpp>
#include <new>
#include <string>
#include <utility>

namespace gantry_server {
namespace {

Response unknown_coding(std::string_view coding) {
  auto response = error_response(
      gantry::Error(gantry::ErrorCode::kUnsupported, "header Content-Encoding: expected gzip or deflate, got '" +
                                                         std::string(coding.substr(0, 40)) + "'")
          .with_reason(gantry::ErrorReason::kMediaType));
  response.headers.emplace_back("Accept-Encoding", "gzip, deflate");
  return response;
}

Response compressed(Response response, ContentCoding coding, int level) try {
  if (auto body = compress(coding, response.body, level)) {
    response.body = {*std::move(body)};
    response.headers.emplace_back("Content-Encoding", name_of(coding));
  }
  return response;
} catch (const std::bad_alloc&) {  // then it goes out as it is
  return response;
}

}  // namespace

CompressionHandler::CompressionHandler(std::shared_ptr<const Handler> next, const HttpOptions& options,
                                       const BodyPool& bodies, int threads)
    : next_(std::move(next)), options_(options), bodies_(bodies), threads_(static_cast<std::size_t>(threads)) {}

std::optional<Response> CompressionHandler::refuse(Request& head) const {
  return next_->refuse(head);
}

void CompressionHandler::handle(const std::shared_ptr<const Request>& request, Respond respond) const {
  respond = compressing(*request, std::move(respond));
  const std::string_view encoding = request->header("Content-Encoding");
  if (encoding.empty() || encoding == "identity" || request->body.empty())
    return next_->handle(request, std::move(respond));
  const auto coding = parse_coding(encoding);
  if (!coding) return respond(unknown_coding(encoding));
  asio::post(threads_, [this, request, coding, respond = std::move(respond)] {
    try {
      auto body = decompress(*coding, request->body, options_.max_body_bytes, bodies_, request->cancel);
      if (!body) return respond(error_response(body.error()));
      const auto plain = std::make_shared<Request>(*request);
      plain->body = *std::move(body);
      plain->headers.erase(http::field::content_encoding);
      next_->handle(plain, respond);
    } catch (...) {
      respond(error_response(gantry::detail::translate_exception()));
    }
  });
}

Handler::Respond CompressionHandler::compressing(const Request& request, Respond respond) const {
  if (options_.compression_level == 0) return respond;
  const auto coding = accepted_coding(request.header("Accept-Encoding"));
  return [this, coding, respond = std::move(respond)](Response response) {
    if (!response.may_be_compressed || response.body_size() < options_.compress_from_bytes)
      return respond(std::move(response));
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (!coding) return respond(std::move(response));
    asio::post(threads_, [this, coding, respond, response = std::move(response)]() mutable {
      respond(compressed(std::move(response), *coding, options_.compression_level));
    });
  };
}

}  // namespace gantry_server

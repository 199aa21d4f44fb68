// SPDX-License-Identifier: Apache-2.0
#include "remote/model_link.hpp"

#include <utility>
#include <vector>

namespace gantry::inline GANTRY_ABI::remote {
namespace {

asio::awaitable<Exchange> get(const ModelLink& link, Connection& connection, const Address& address, Flight& flight,
                              std::string path) {
  const std::string head = "GET " + path + " HTTP/1.1\r\nHost: " + address.host_header + "\r\n\r\n";
  std::vector<asio::const_buffer> pieces{asio::buffer(head)};
  co_return co_await send_and_receive(connection, flight, std::move(pieces), link.limits);
}

Error another_signature(const ModelDescription& expected, const ModelDescription& came) {
  return Error(ErrorCode::kFailedPrecondition, "the model's signature is now " + came.to_string() + "; it was " +
                                                   expected.to_string() + " when it was connected. Connect to it anew");
}

}  // namespace

asio::awaitable<Result<ModelDescription>> ask_description(const ModelLink& link, Connection& connection,
                                                          const Address& address, Flight& flight) {
  Exchange came = co_await get(link, connection, address, flight, link.path);
  if (came.error) co_return *came.error;
  if (came.answer->status != 200) co_return error_of(*came.answer);
  auto description = parse_description(came.answer->text());
  if (!description) co_return description;
  if (link.expected && !description->has_same_tensors(*link.expected))
    co_return another_signature(*link.expected, *description);
  if (!came.answer->keeps)
    co_return Error(ErrorCode::kUnavailable, "the server closes its connections after each answer");
  connection.model_version = came.answer->model_version;
  co_return description;
}

asio::awaitable<Result<ModelDescription>> open_connection(const ModelLink& link, Connection& connection,
                                                          const Address& address, Flight& flight) {
  const auto connected = co_await connect(connection, address, flight);
  if (!connected) co_return connected.error();
  co_return co_await ask_description(link, connection, address, flight);
}

asio::awaitable<std::int64_t> ask_max_batch(const ModelLink& link, Connection& connection, const Address& address,
                                            Flight& flight) {
  const Exchange came = co_await get(link, connection, address, flight, link.path + "/config");
  if (!came.answer || came.answer->status != 200) co_return 0;
  co_return parse_max_batch(came.answer->text());
}

asio::awaitable<Result<Exchange>> send_infer(const ModelLink& link, Connection& connection, const Address& address,
                                             Flight& flight, const Tensors& inputs) {
  const auto text = infer_text(inputs, link.files);
  if (!text) co_return text.error();
  const auto headers = call_headers(flight.options);
  if (!headers) co_return headers.error();
  std::size_t size = text->size();
  std::vector<std::uint32_t> lengths;  // of files
  lengths.reserve(inputs.size());      // they are sent from here
  for (const NamedTensor& input : inputs) size += wire_size(input, link.files);
  const std::string head =
      "POST " + link.path + "/infer HTTP/1.1\r\nHost: " + address.host_header +
      "\r\nContent-Type: application/octet-stream\r\nInference-Header-Content-Length: " + std::to_string(text->size()) +
      "\r\nContent-Length: " + std::to_string(size) + "\r\n" + *headers + "\r\n";
  std::vector<asio::const_buffer> pieces{asio::buffer(head), asio::buffer(*text)};
  for (const NamedTensor& input : inputs) {
    if (link.files.has_input(input.name)) {
      lengths.push_back(static_cast<std::uint32_t>(input.tensor.size_bytes()));
      pieces.emplace_back(&lengths.back(), sizeof lengths.back());
    }
    if (input.tensor.size_bytes() > 0) pieces.emplace_back(input.tensor.data(), input.tensor.size_bytes());
  }
  co_return co_await send_and_receive(connection, flight, std::move(pieces), link.limits);
}

}  // namespace gantry::inline GANTRY_ABI::remote

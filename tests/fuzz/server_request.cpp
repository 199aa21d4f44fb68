// SPDX-License-Identifier: Apache-2.0
// The bytes that clients send to examples/server, behind HTTP: messages of the inference protocol, compressed bodies,
// request targets, trace contexts. The first byte says what the rest is.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/require.hpp"
#include "http/body_pool.hpp"
#include "http/content_coding.hpp"
#include "http/target.hpp"
#include "oip/read_infer_request.hpp"
#include "oip/write_infer_response.hpp"
#include "trace/trace_context.hpp"

namespace {

using namespace gantry_server;
using gantry::Bytes;
using gantry::test::require;

std::size_t bytes_of(const std::vector<Bytes>& pieces) {
  std::size_t size = 0;
  for (const Bytes& piece : pieces) size += piece.size();
  return size;
}

std::size_t count_of(const gantry::Shape& shape) {
  std::size_t count = 1;
  for (std::size_t i = 0; i < shape.rank(); ++i) count *= static_cast<std::size_t>(shape[i]);
  return count;
}

/// Each tensor has the values that its shape says; what is written of it as binary is read as the same bytes.
void check(const InferRequest& request) {
  InferResponse response{request.id, "model", "1", {}};
  for (const InferTensor& input : request.inputs) {
    if (input.holds_strings()) {
      require(input.strings.size() == count_of(input.shape));
    } else {
      require(input.tensor.shape() == input.shape);
      require(datatype_of(input.tensor.dtype()) == input.datatype);
    }
    response.outputs.push_back(input);
  }
  InferRequest wants;
  wants.binary_outputs = true;
  const auto written = write_infer_response(std::move(response), wants);
  require(static_cast<bool>(written));
  std::size_t binary = 0;
  for (const InferTensor& input : request.inputs) {
    if (input.holds_strings())
      for (const Bytes& text : input.strings) binary += 4 + text.size();
    else
      binary += input.tensor.size_bytes();
  }
  require(bytes_of(written->body) > binary);
}

void check_compressed(ContentCoding coding, const Bytes& body) {
  static BodyPool pool(std::size_t{64} << 20);
  constexpr std::size_t kMost = std::size_t{1} << 20;
  const auto plain = decompress(coding, body, kMost, pool, gantry::CancelToken::create());
  if (!plain) return;
  require(plain->size() <= kMost);
  const auto again = compress(coding, {*plain}, 1);
  if (!again) return;  // it would not be shorter
  const auto same = decompress(coding, *again, kMost, pool, gantry::CancelToken::create());
  require(same && same->size() == plain->size() &&
          std::equal(same->data(), same->data() + same->size(), plain->data()));
}

/// A line of traceparent, then one of tracestate. What is valid is kept; what is passed on can be read again.
void check_trace(std::string_view lines) {
  const auto end = std::min(lines.find('\n'), lines.size());
  const std::string_view parent = lines.substr(0, end);
  const std::string_view state = lines.substr(std::min(end + 1, lines.size()));
  const TraceContext context = continue_trace(parent, state, 1);
  const auto read = gantry::parse_trace_parent(gantry::to_string(context.span));
  require(read && read->trace_id == context.span.trace_id && read->parent_id == context.span.parent_id);
  const auto caller = gantry::parse_trace_parent(parent);
  require(caller.has_value() == context.parent.has_value());
  if (caller) {
    require(context.span.trace_id == caller->trace_id && *context.parent == caller->parent_id);
    require(context.span.is_sampled() == caller->is_sampled());
  }
  require(is_valid_trace_state(context.state) && (caller || context.state.empty()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const auto text = [&](std::size_t from) {
    return std::string_view(static_cast<const char*>(static_cast<const void*>(data)) + from, size - from);
  };
  switch (data[0] % 7) {
    case 0:  // JSON alone
      if (const auto request = read_infer_request(Bytes::copy(data + 1, size - 1), std::nullopt)) check(*request);
      break;
    case 1: {  // JSON of a length, and binary tensors behind it
      const std::size_t json_size = data[1] + 256u * data[2];
      if (const auto request = read_infer_request(Bytes::copy(data + 3, size - 3), json_size)) check(*request);
      break;
    }
    case 2: {  // one tensor without a message
      static const char* const types[] = {"FP32", "BYTES", "BOOL", "INT64", "BF16", "UINT32"};
      const std::vector<std::int64_t> shape{1, static_cast<std::int8_t>(data[2])};
      if (const auto request = read_raw_request(Bytes::copy(data + 3, size - 3), "x", types[data[1] % 6], shape))
        check(*request);
      break;
    }
    case 3:
      if (const auto target = parse_target(text(1))) require(!target->path.empty() && target->path[0] == '/');
      break;
    case 4:
      check_compressed(ContentCoding::kGzip, Bytes::copy(data + 1, size - 1));
      break;
    case 6:
      check_trace(text(1));
      break;
    default:
      check_compressed(ContentCoding::kDeflate, Bytes::copy(data + 1, size - 1));
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "write_infer_message.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "oip/binary_values.hpp"
#include "open_inference.pb.h"
#include "typed_contents.hpp"

namespace gantry_server {
namespace {

/// A slice that refers to the bytes, and keeps them alive.
grpc::Slice slice_of(gantry::Bytes bytes) {
  auto owner = std::make_unique<gantry::Bytes>(std::move(bytes));
  // const_cast: gRPC's slices are of void*, and it only reads them
  auto* data = const_cast<std::uint8_t*>(owner->data());
  grpc::Slice slice(
      data, owner->size(), [](void* held) { delete static_cast<gantry::Bytes*>(held); }, owner.get());
  owner.release();
  return slice;
}

/// What stands before the bytes of a length-delimited field in protobuf's encoding.
std::string field_head(int number, std::size_t size) {
  constexpr unsigned kLengthDelimited = 2;
  std::string head(1, static_cast<char>((static_cast<unsigned>(number) << 3U) | kLengthDelimited));
  for (; size >= 0x80U; size >>= 7U) head += static_cast<char>((size & 0x7FU) | 0x80U);
  return head + static_cast<char>(size);
}

}  // namespace

gantry::Result<grpc::ByteBuffer> write_infer_message(const InferResponse& response, const InferRequest& request) {
  const bool is_raw =
      request.binary_outputs || !std::all_of(response.outputs.begin(), response.outputs.end(), has_typed_contents);
  inference::ModelInferResponse message;
  message.set_id(response.id);
  message.set_model_name(response.model_name);
  message.set_model_version(response.model_version);
  for (const InferTensor& output : response.outputs) {
    auto* tensor = message.add_outputs();
    tensor->set_name(output.name);
    tensor->set_datatype(output.datatype);
    for (std::size_t i = 0; i < output.shape.rank(); ++i) tensor->add_shape(output.shape[i]);
    if (!is_raw) write_contents(output, *tensor->mutable_contents());
  }
  std::size_t size = message.ByteSizeLong();
  std::vector<grpc::Slice> slices{grpc::Slice(message.SerializeAsString())};
  if (is_raw)  // appended by hand, since protobuf would copy them
    for (const InferTensor& output : response.outputs) {
      gantry::Bytes raw = write_binary(output);
      slices.emplace_back(field_head(inference::ModelInferResponse::kRawOutputContentsFieldNumber, raw.size()));
      size += slices.back().size() + raw.size();
      if (!raw.empty()) slices.push_back(slice_of(std::move(raw)));
    }
  if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    return gantry::Error(gantry::ErrorCode::kUnsupported,
                         "the answer has " + std::to_string(size) + " bytes, a message of gRPC has less than 2 GiB");
  return grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace gantry_server

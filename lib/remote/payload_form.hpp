// SPDX-License-Identifier: Apache-2.0
// PayloadForm: how payloads become the bytes that an infer call carries, and come back from them.
#pragma once

#include <gantry/codecs.hpp>
#include <gantry/payload.hpp>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>

namespace gantry::inline GANTRY_ABI::remote {

/// How an input is written.
enum class PayloadForm {
  kBytes,  // as it is
  kJson,   // {"codec's name": ...}
  kNpy,    // its one tensor
};

/// unsupported with the payload's name if its codec can read none of them.
Result<PayloadForm> form_of(const Codecs& codecs, const PayloadType& type);
/// The media type that tells the server.
const char* media_type_for(PayloadForm form) noexcept;

/// unsupported with the payload's name if its codec reads no JSON.
Result<void> check_readable(const Codecs& codecs, const PayloadType& type);

/// The bytes of an input, u8[size]. Memory with an owner is not copied.
Result<Tensor> write_payload(const Codecs& codecs, const Payload& payload, PayloadForm form);

/// An output from its JSON, u8[size]. model_error with the JSON path if it is no `type`.
Result<Payload> read_payload(const Codecs& codecs, const PayloadType& type, const Tensor& json);

}  // namespace gantry::inline GANTRY_ABI::remote

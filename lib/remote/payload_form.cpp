// SPDX-License-Identifier: Apache-2.0
#include "remote/payload_form.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "pipeline/registry_data.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

using detail::ErasedCodec;
using detail::TypeInfo;

const ErasedCodec* codec_of(const Codecs& codecs, const TypeInfo& type) {
  const auto& all = codecs.data().codecs;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& codec) { return detail::same_type(*codec->type, type); });
  return found == all.end() ? nullptr : found->get();
}

/// The first type within `type` whose codec is missing or does not do what is `needed`; nullptr if there is none.
template <class Needed>
const TypeInfo* find_lacking(const Codecs& codecs, const TypeInfo& type, const Needed& needed) {
  if (type.list) return find_lacking(codecs, type.list->element(), needed);
  for (std::size_t i = 0; type.tuple && i < type.tuple->arity; ++i)
    if (const TypeInfo* lacking = find_lacking(codecs, type.tuple->element(i), needed)) return lacking;
  if (type.tuple) return nullptr;
  const ErasedCodec* const codec = codec_of(codecs, type);
  return codec != nullptr && needed(*codec) ? nullptr : &type;
}

bool reads_json(const ErasedCodec& codec) {
  return static_cast<bool>(codec.read_json);
}

Result<Tensor> to_tensor(Bytes bytes) {
  if (bytes.empty())  // which no signature has a shape for
    return Error(ErrorCode::kInvalidArgument, "is empty; a remote pipeline takes files of at least one byte");
  const auto size = static_cast<std::int64_t>(bytes.size());
  // A call may end before its bytes are sent: what has no owner may be gone by then.
  if (!bytes.has_owner()) return Tensor::from<std::uint8_t>({bytes.data(), bytes.size()}, {size});
  auto* const data = const_cast<std::uint8_t*>(bytes.data());  // which nobody writes to
  return Tensor::wrap(data, DType::kU8, {size}, std::make_shared<Bytes>(std::move(bytes)));
}

}  // namespace

Result<PayloadForm> form_of(const Codecs& codecs, const PayloadType& type) {
  if (type.is<Bytes>()) return PayloadForm::kBytes;
  const TypeInfo* const lacking = find_lacking(
      codecs, *type.info(), [](const ErasedCodec& codec) { return codec.write_json && reads_json(codec); });
  if (lacking == nullptr) return PayloadForm::kJson;
  const ErasedCodec* const codec = codec_of(codecs, *type.info());
  if (codec != nullptr && codec->to_tensors && codec->from_tensors) return PayloadForm::kNpy;
  return Error(ErrorCode::kUnsupported, lacking->name() + " cannot be sent: its codec " +
                                            (codec_of(codecs, *lacking) ? "reads neither JSON nor .npy"
                                                                        : "is not in PipelineOptions::registry"));
}

const char* media_type_for(PayloadForm form) noexcept {
  switch (form) {
    case PayloadForm::kJson:
      return "application/json";
    case PayloadForm::kNpy:
      return "application/x-npy";
    case PayloadForm::kBytes:
      break;
  }
  return "";
}

Result<void> check_readable(const Codecs& codecs, const PayloadType& type) {
  const TypeInfo* const lacking = find_lacking(codecs, *type.info(), reads_json);
  if (lacking == nullptr) return {};
  return Error(ErrorCode::kUnsupported, lacking->name() + " cannot be received: its codec " +
                                            (codec_of(codecs, *lacking) ? "reads no JSON, in which the server answers"
                                                                        : "is not in PipelineOptions::registry"));
}

Result<Tensor> write_payload(const Codecs& codecs, const Payload& payload, PayloadForm form) {
  if (form == PayloadForm::kBytes) return to_tensor(*payload.get_if<Bytes>());
  if (form == PayloadForm::kNpy) {
    GANTRY_ASSIGN_OR_RETURN(auto npy, codecs.to_npy(payload));
    return to_tensor(std::move(npy));
  }
  GANTRY_ASSIGN_OR_RETURN(auto json, codecs.to_json(payload));
  return to_tensor(Bytes(std::move(json)));
}

Result<Payload> read_payload(const Codecs& codecs, const PayloadType& type, const Tensor& json) {
  const auto read = [&]() -> Result<Payload> {
    GANTRY_ASSIGN_OR_RETURN(const auto bytes, json.contiguous());
    const std::string_view text(static_cast<const char*>(bytes.data()), bytes.size_bytes());
    GANTRY_ASSIGN_OR_RETURN(const auto view, JsonView::parse(text));
    return codecs.read_json(type, view);
  };
  auto payload = read();
  if (payload || payload.error().code() != ErrorCode::kInvalidArgument) return payload;
  // Of what a caller gives that is the caller's mistake; here it is the server's.
  return Error(ErrorCode::kModelError, payload.error().message()).within("the server's answer");
}

}  // namespace gantry::inline GANTRY_ABI::remote

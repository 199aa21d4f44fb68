// SPDX-License-Identifier: Apache-2.0
#include <gantry/codecs.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/npy.hpp"
#include "pipeline/boxed_value.hpp"
#include "pipeline/payload_codecs.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::PayloadCodecs;
using detail::PayloadRef;
using detail::TypeInfo;
using detail::Value;

Error nothing() {
  return Error(ErrorCode::kInvalidArgument, "the payload is empty");
}

}  // namespace

Codecs::Codecs() : data_(std::make_shared<const detail::RegistryData>()) {}

std::string Codecs::name_of(const PayloadType& type) const {
  return type.info() ? PayloadCodecs(*data_).name_of(*type.info()) : "";
}

Result<std::string> Codecs::to_json(const Payload& payload) const {
  JsonWriter writer;
  GANTRY_RETURN_IF_ERROR(write_json(payload, writer));
  return writer.finish();
}

Result<void> Codecs::write_json(const Payload& payload, JsonWriter& writer) const {
  if (!payload.has_value()) return nothing();
  return PayloadCodecs(*data_).write_json(PayloadRef(payload.value()), writer);
}

Result<Payload> Codecs::read_json(const PayloadType& type, const JsonView& json) const {
  if (!type.info()) return nothing();
  return detail::boxed(PayloadCodecs(*data_).read_json(*type.info(), json));
}

Result<Tensors> Codecs::to_tensors(const Payload& payload) const {
  if (!payload.has_value()) return nothing();
  return PayloadCodecs(*data_).to_tensors(PayloadRef(payload.value()));
}

Result<Payload> Codecs::from_tensors(const PayloadType& type, Tensors tensors) const {
  if (!type.info()) return nothing();
  return detail::boxed(PayloadCodecs(*data_).from_tensors(*type.info(), std::move(tensors)));
}

Result<Bytes> Codecs::to_npy(const Payload& payload) const {
  if (!payload.has_value()) return nothing();
  const auto tensor = PayloadCodecs(*data_).to_tensor(PayloadRef(payload.value()));
  return tensor ? detail::to_npy(*tensor) : Result<Bytes>(tensor.error());
}

Result<Payload> Codecs::from_bytes(const PayloadType& type, Bytes bytes, std::string_view media_type) const {
  if (!type.info()) return nothing();
  return detail::boxed(PayloadCodecs(*data_).from_bytes(*type.info(), std::move(bytes), media_type));
}

Result<std::optional<std::string>> Codecs::difference(const Payload& expected, const Payload& got,
                                                      const Tolerance& tolerance) const {
  if (!expected.has_value() || !got.has_value()) return nothing();
  return PayloadCodecs(*data_).difference(PayloadRef(expected.value()), PayloadRef(got.value()), tolerance);
}

Result<std::string> Codecs::line(const Payload& payload) const {
  if (!payload.has_value()) return nothing();
  return PayloadCodecs(*data_).line(PayloadRef(payload.value()));
}

std::string media_type_of(std::string_view file_name) {
  static constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {".json", "application/json"}, {".npy", "application/x-npy"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
      {".png", "image/png"},         {".webp", "image/webp"},       {".txt", "text/plain"}};
  const auto dot = file_name.rfind('.');
  std::string ending(dot == std::string_view::npos ? std::string_view() : file_name.substr(dot));
  for (char& c : ending)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const auto& [known, media_type] : kKnown)
    if (ending == known) return std::string(media_type);
  return "application/octet-stream";
}

}  // namespace gantry::inline GANTRY_ABI

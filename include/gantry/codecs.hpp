// SPDX-License-Identifier: Apache-2.0
// Codecs: reads, writes and compares payloads of every type that a Registry has a codec of, lists and tuples of them
// included. What servers, bindings and the gantry tool stand on.
//
//   std::string json = codecs.to_json(payload).value();                    // {"classes":[{"index":282, ...}]}
//   Payload input = codecs.from_bytes(port.type, body, "image/jpeg").value();
//
// In JSON a payload is an object with one member, the codec's name: {"classes": [...]}; a list is {"list": [payload,
// ...]} and a tuple {"tuple": [payload, ...]}. As tensors, a list is stacked along a new first axis, and the only
// tensor of a tuple's item is called by its place: "0", "1".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gantry/codec.hpp>
#include <gantry/payload.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

namespace detail {
struct RegistryData;
}

/// The codecs of a Registry, as they were when it was asked for them.
///
/// Ownership: shares the codecs; copies are cheap.
/// Threads:   immutable, as far as the codecs' functions are.
/// Errors:    unsupported if a type has no codec, or its codec lacks what is asked for; internal for a codec that
/// writes
///            no JSON value, or throws; and what the codec's functions return.
/// Cost:      that of the codec; types are looked up among all.
class GANTRY_API Codecs {
 public:
  /// None at all.
  Codecs();
  explicit Codecs(std::shared_ptr<const detail::RegistryData> data) : data_(std::move(data)) {}

  /// The name in JSON: "classes"; "list", "tuple"; empty if the type has no codec.
  std::string name_of(const PayloadType& type) const;

  Result<std::string> to_json(const Payload& payload) const;
  /// Writes one value. After an error the writer holds part of it.
  Result<void> write_json(const Payload& payload, JsonWriter& writer) const;
  Result<Payload> read_json(const PayloadType& type, const JsonView& json) const;

  Result<Tensors> to_tensors(const Payload& payload) const;
  Result<Payload> from_tensors(const PayloadType& type, Tensors tensors) const;
  /// Of a payload that is one tensor.
  Result<Bytes> to_npy(const Payload& payload) const;

  /// By media type: "application/json" by read_json and "application/x-npy" by from_tensors, where the codec has them;
  /// anything else, or nothing, by its from_bytes.
  Result<Payload> from_bytes(const PayloadType& type, Bytes bytes, std::string_view media_type = {}) const;

  /// How `got` differs from `expected` by more than the tolerance; nothing if it does not.
  Result<std::optional<std::string>> difference(const Payload& expected, const Payload& got,
                                                const Tolerance& tolerance) const;
  /// One line for people; for a type without one, its JSON.
  Result<std::string> line(const Payload& payload) const;

  /// For gantry's own layers.
  const detail::RegistryData& data() const { return *data_; }

 private:
  std::shared_ptr<const detail::RegistryData> data_;
};

/// By the ending of a file's name: "image/jpeg", "application/json", "application/x-npy"; "application/octet-stream"
/// for those that gantry does not know.
GANTRY_API std::string media_type_of(std::string_view file_name);

}  // namespace GANTRY_ABI
}  // namespace gantry

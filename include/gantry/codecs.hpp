// SPDX-License-Identifier: Apache-2.0
// Codecs: reads, writes and compares payloads of every type for which a Registry has a codec, including lists and
// tuples of them. Used by servers, bindings and the gantry tool.
//
//   std::string json = codecs.to_json(payload).value();                    // {"classes":[{"index":282, ...}]}
//   Payload input = codecs.from_bytes(port.type, body, "image/jpeg").value();
//
// In JSON a payload is an object with one member, the codec's name: {"classes": [...]}; a list is {"list": [payload,
// ...]} and a tuple {"tuple": [payload, ...]}. As tensors, a list is stacked along a new first axis; if a tuple's item
// has a single tensor, its name is the item's index: "0", "1".
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

/// A snapshot of a Registry's codecs.
///
/// Ownership: shares the codecs; copies are cheap.
/// Threads:   immutable, if the codecs' functions are.
/// Errors:    unsupported if a type has no codec, or its codec lacks the required function;
///            internal if a codec writes no JSON value, or throws; and the errors of the codec's
///            functions.
/// Cost:      that of the codec, and a search for the type among all codecs.
class GANTRY_API Codecs {
 public:
  /// No codecs.
  Codecs();
  explicit Codecs(std::shared_ptr<const detail::RegistryData> data) : data_(std::move(data)) {}

  /// The type's name in JSON: "classes"; "list", "tuple"; empty if the type has no codec.
  std::string name_of(const PayloadType& type) const;

  /// The type's whole name, the same in every process: "classes", "list<detections>", "tuple<image, tensor>"; "tensor"
  /// for Tensor, "tensors" for Tensors, "tuple" for a tuple whose item types a config left open. Empty if an item has
  /// no codec.
  std::string full_name_of(const PayloadType& type) const;
  /// The type with that whole name. not_found if no codec has the name; unsupported for tuples, since a C++ type cannot
  /// be put together at run time.
  Result<PayloadType> find_type(std::string_view full_name) const;

  Result<std::string> to_json(const Payload& payload) const;
  /// Writes one value. After an error the writer contains part of it.
  Result<void> write_json(const Payload& payload, JsonWriter& writer) const;
  Result<Payload> read_json(const PayloadType& type, const JsonView& json) const;

  Result<Tensors> to_tensors(const Payload& payload) const;
  Result<Payload> from_tensors(const PayloadType& type, Tensors tensors) const;
  /// For a payload of exactly one tensor.
  Result<Bytes> to_npy(const Payload& payload) const;

  /// Reads by media type: "application/json" with read_json and "application/x-npy" with from_tensors, if the codec has
  /// them; any other type, or none, with the codec's from_bytes.
  Result<Payload> from_bytes(const PayloadType& type, Bytes bytes, std::string_view media_type = {}) const;

  /// How `got` differs from `expected` by more than the tolerance; nullopt if it does not.
  Result<std::optional<std::string>> difference(const Payload& expected, const Payload& got,
                                                const Tolerance& tolerance) const;
  /// One line of text for people; JSON if the type's codec has no line().
  Result<std::string> line(const Payload& payload) const;

  /// For gantry's own layers.
  const detail::RegistryData& data() const { return *data_; }

 private:
  std::shared_ptr<const detail::RegistryData> data_;
};

/// The media type for a file name's ending: "image/jpeg", "application/json", "application/x-npy"; for unknown endings
/// "application/octet-stream".
GANTRY_API std::string media_type_of(std::string_view file_name);

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// The implementation of Codecs, on payloads in place: in a slot, or within a list.
#pragma once

#include <gantry/codecs.hpp>
#include <gantry/span.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/registry_data.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// A reference to a payload that another object owns.
struct PayloadRef {
  PayloadRef(const TypeInfo& type_info, const void* payload) : type(&type_info), data(payload) {}
  explicit PayloadRef(const Value& value) : PayloadRef(value.type(), value.data()) {}
  const TypeInfo* type;
  const void* data;
};

/// Whether a payload is a list, a tuple, or neither.
enum class Structure : std::uint8_t { kLeaf, kList, kTuple };
Structure structure_of(const TypeInfo& type);
/// The items of a list or a tuple.
std::vector<PayloadRef> items_of(const PayloadRef& payload);

/// "expected 2 values, got 3".
std::string count_difference(std::size_t expected, std::size_t got);

/// Describes how tensors differ by more than the tolerance, by name; nullopt if they do not.
std::optional<std::string> difference_of(const Tensors& expected, const Tensors& got, const Tolerance& tolerance);

/// Errors are those of Codecs.
///
/// Ownership: borrows the registry's data.
/// Threads:   immutable.
class PayloadCodecs {
 public:
  explicit PayloadCodecs(const RegistryData& data) : data_(data) {}

  /// The codec of a type that is neither a list nor a tuple.
  Result<const ErasedCodec*> find(const TypeInfo& type) const;
  /// As Codecs::name_of().
  std::string name_of(const TypeInfo& type) const;

  Result<void> write_json(const PayloadRef& payload, JsonWriter& writer) const;
  Result<Value> read_json(const TypeInfo& type, const JsonView& json) const;
  Result<Tensors> to_tensors(const PayloadRef& payload) const;
  /// The tensor of a payload that consists of exactly one.
  Result<Tensor> to_tensor(const PayloadRef& payload) const;
  Result<Value> from_tensors(const TypeInfo& type, Tensors tensors) const;
  Result<Value> from_bytes(const TypeInfo& type, Bytes bytes, std::string_view media_type) const;
  Result<std::optional<std::string>> difference(const PayloadRef& expected, const PayloadRef& got,
                                                const Tolerance& tolerance) const;
  Result<std::string> line(const PayloadRef& payload) const;

 private:
  Result<Tensors> stack_items(const PayloadRef& list) const;
  Result<Tensors> name_items(const PayloadRef& tuple) const;
  Result<Value> unstack_items(const TypeInfo& type, const Tensors& tensors) const;
  Result<Value> take_named_items(const TypeInfo& type, const Tensors& tensors) const;
  Result<std::optional<std::string>> tensors_difference(const PayloadRef& expected, const PayloadRef& got,
                                                        const Tolerance& tolerance) const;

  const RegistryData& data_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

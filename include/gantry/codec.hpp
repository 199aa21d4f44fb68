// SPDX-License-Identifier: Apache-2.0
// Codec<T>: how to read, write and compare a payload type. With a codec in its Registry, a type of the host application
// works in the tool's JSON, in golden cases and in .npy files like a built-in type.
//
//   Codec<Reading> codec;
//   codec.name = "reading";
//   codec.write_json = [](const Reading& r, JsonWriter& json) {
//     json.begin_object().field("sensor", r.sensor).field("celsius", r.celsius).end_object();
//   };
//   registry.add_codec(codec);
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gantry/bytes.hpp>
#include <gantry/json.hpp>
#include <gantry/json_writer.hpp>
#include <gantry/result.hpp>
#include <gantry/tensor.hpp>
#include <gantry/tolerance.hpp>
#include <gantry/value.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Every function is optional; a feature that needs a missing one returns an error. Several threads call the functions
/// at once. An exception that they throw becomes `internal`.
///
/// Ownership: a value.
/// Threads:   thread-compatible.
/// Errors:    those of its functions.
/// Cost:      that of its functions.
template <class T>
struct Codec {
  /// In JSON a payload is {"name": <output of write_json>}. Lower-case letters, digits, '_', '-' and '.'. Reserved:
  /// "file", "npy", "tensors", "digest", "sample", "list" and "tuple".
  std::string name;
  /// Writes exactly one value and closes only what it opened; anything else is `internal`, with the codec's name.
  std::function<void(const T&, JsonWriter&)> write_json;
  /// Reads the output of write_json, and JSON that people write.
  std::function<Result<T>(const JsonView&)> read_json;
  /// One tensor, which a .npy file can hold, or several named tensors, each name once.
  std::function<Result<Tensors>(const T&)> to_tensors;
  /// The inverse of to_tensors. A tensor from a .npy file comes alone, with an empty name.
  std::function<Result<T>(Tensors)> from_tensors;
  /// Reads a file or a request's body. The media type ("image/jpeg") may be empty or wrong.
  std::function<Result<T>(Bytes, std::string_view media_type)> from_bytes;
  /// How `got` differs from `expected` by more than the tolerance: "celsius: expected 20, got 21"; nullopt if it does
  /// not. If unset, the library compares the tensors of to_tensors.
  std::function<std::optional<std::string>(const T& expected, const T& got, const Tolerance&)> difference;
  /// One line of text for people.
  std::function<std::string(const T&)> line;
};

namespace detail {

/// A Codec with its type erased.
struct ErasedCodec {
  const TypeInfo* type = nullptr;
  std::string name;
  std::function<void(const void*, JsonWriter&)> write_json;
  std::function<Result<Value>(const JsonView&)> read_json;
  std::function<Result<Tensors>(const void*)> to_tensors;
  std::function<Result<Value>(Tensors)> from_tensors;
  std::function<Result<Value>(Bytes, std::string_view)> from_bytes;
  std::function<std::optional<std::string>(const void*, const void*, const Tolerance&)> difference;
  std::function<std::string(const void*)> line;
};

template <class T>
Result<Value> boxed(Result<T> made) {
  if (!made) return std::move(made).error();
  return Value(*std::move(made));
}

template <class T>
ErasedCodec erase_codec(Codec<T> codec) {
  const auto as = [](const void* payload) -> const T& { return *static_cast<const T*>(payload); };
  ErasedCodec erased;
  erased.type = &type_of<T>();
  erased.name = std::move(codec.name);
  if (codec.write_json)
    erased.write_json = [as, f = std::move(codec.write_json)](const void* p, JsonWriter& json) { f(as(p), json); };
  if (codec.read_json)
    erased.read_json = [f = std::move(codec.read_json)](const JsonView& json) { return boxed(f(json)); };
  if (codec.to_tensors) erased.to_tensors = [as, f = std::move(codec.to_tensors)](const void* p) { return f(as(p)); };
  if (codec.from_tensors)
    erased.from_tensors = [f = std::move(codec.from_tensors)](Tensors t) { return boxed(f(std::move(t))); };
  if (codec.from_bytes)
    erased.from_bytes = [f = std::move(codec.from_bytes)](Bytes bytes, std::string_view media_type) {
      return boxed(f(std::move(bytes), media_type));
    };
  if (codec.difference)
    erased.difference = [as, f = std::move(codec.difference)](const void* expected, const void* got,
                                                              const Tolerance& tolerance) {
      return f(as(expected), as(got), tolerance);
    };
  if (codec.line) erased.line = [as, f = std::move(codec.line)](const void* p) { return f(as(p)); };
  return erased;
}

}  // namespace detail

}  // namespace GANTRY_ABI
}  // namespace gantry

// SPDX-License-Identifier: Apache-2.0
// Payload: an input or output of a pipeline in a box, for code that learns its type only at run time: servers,
// bindings, tools. AnyPipeline runs it, Codecs read and write it.
//
//   Payload input = Payload::from(read_file("cat.jpg").value());
//   Classes classes = any_pipeline.run(std::move(input)).value().as<Classes>().value();
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include <gantry/node.hpp>
#include <gantry/result.hpp>
#include <gantry/translate_exception.hpp>
#include <gantry/value.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The type of a payload, compared across shared libraries.
///
/// Ownership: refers to data of the program, or of a library that stays loaded.
/// Threads:   immutable.
/// Errors:    none.
/// Cost:      one pointer; name() makes a string.
class GANTRY_API PayloadType {
 public:
  /// The type of an empty payload.
  PayloadType() = default;
  explicit PayloadType(const detail::TypeInfo& info) : info_(&info) {}
  template <class T>
  static PayloadType of() {
    return PayloadType(detail::type_of<T>());
  }

  /// "Classes", "list<Image>", "tuple<Image, Tensor>"; "tuple" if a config states no types for it; "nothing" if empty.
  std::string name() const;
  template <class T>
  bool is() const {
    return *this == of<T>();
  }
  friend bool operator==(const PayloadType& a, const PayloadType& b) {
    return a.info_ == b.info_ || (a.info_ && b.info_ && detail::same_type(*a.info_, *b.info_));
  }
  friend bool operator!=(const PayloadType& a, const PayloadType& b) { return !(a == b); }

  /// nullptr for the type of an empty payload.
  const detail::TypeInfo* info() const { return info_; }

 private:
  const detail::TypeInfo* info_ = nullptr;
};

namespace detail {
/// Converts `value` to `wanted`: a value of that type stays; tuples whose types a config left open, also within lists,
/// become tuples of these types. invalid_argument for anything else.
GANTRY_API Result<Value> convert(Value value, const TypeInfo& wanted);
}  // namespace detail

/// One value of any payload type, or nothing. Move-only.
///
/// Ownership: owns its value.
/// Threads:   thread-compatible.
/// Errors:    as(): invalid_argument with the requested type and the actual one; internal if moving or copying the
///            value throws.
/// Cost:      values of up to 48 bytes are stored inline, larger ones cost an allocation.
class GANTRY_API Payload {
 public:
  Payload() = default;
  template <class T>
  static Payload from(T value) {
    return Payload(detail::Value(std::move(value)));
  }

  bool has_value() const { return value_.has_value(); }
  PayloadType type() const { return has_value() ? PayloadType(value_.type()) : PayloadType(); }

  /// The value if it is a T, else nullptr.
  template <class T>
  const T* get_if() const {
    return type().template is<T>() ? &value_.get<T>() : nullptr;
  }
  /// Moves the value out. A tuple whose types a config did not state becomes a std::tuple of its items' types.
  template <class T>
  Result<T> as() && {
    if (!has_value()) return wrong_type(PayloadType::of<T>());
    try {
      auto value = detail::convert(std::move(value_), detail::type_of<T>());
      if (!value) return std::move(value).error();
      return std::move(value->template get<T>());
    } catch (...) {
      return detail::translate_exception();
    }
  }
  /// Copies the value.
  template <class T>
  Result<T> as() const& {
    static_assert(detail::IsCopyable<T>::value, "gantry: this payload type cannot be copied; std::move the payload");
    const T* value = get_if<T>();
    if (value == nullptr) return wrong_type(PayloadType::of<T>());
    try {
      return *value;
    } catch (...) {
      return detail::translate_exception();
    }
  }

  /// For gantry's own layers.
  explicit Payload(detail::Value value) : value_(std::move(value)) {}
  const detail::Value& value() const { return value_; }
  detail::Value take() && { return std::move(value_); }

 private:
  Error wrong_type(const PayloadType& wanted) const;
  detail::Value value_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry

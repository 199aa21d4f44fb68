// SPDX-License-Identifier: Apache-2.0
// Access to the JSON library's value behind a JsonView.
#pragma once

#include <gantry/json.hpp>
#include <memory>
#include <string>
#include <utility>

#include "core/json_object.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct JsonAccess {
  /// A view of `value`, which must outlive it.
  static JsonView borrow(const Json& value, std::string path) {
    return make(std::shared_ptr<const void>(std::shared_ptr<const void>(), &value), std::move(path));
  }
  /// A view of a copy of `value`.
  static JsonView own(Json value, std::string path) {
    return make(std::make_shared<const Json>(std::move(value)), std::move(path));
  }
  /// Lives as long as `view`.
  static const Json& value_of(const JsonView& view) {
    static const Json null;
    return view.value_ ? *static_cast<const Json*>(view.value_.get()) : null;
  }
  /// A view of a value within `view`; shares its ownership.
  static JsonView part(const JsonView& view, const Json& value, std::string path) {
    return make(std::shared_ptr<const void>(view.value_, &value), std::move(path));
  }

 private:
  static JsonView make(std::shared_ptr<const void> value, std::string path) {
    JsonView view;
    view.value_ = std::move(value);
    view.path_ = std::move(path);
    return view;
  }
};

}  // namespace gantry::inline GANTRY_ABI::detail

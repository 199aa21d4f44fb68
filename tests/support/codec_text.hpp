// SPDX-License-Identifier: Apache-2.0
// What tests of codecs ask of them: a payload as JSON, and back.
#pragma once

#include <gantry/codecs.hpp>
#include <gantry/registry.hpp>
#include <string>
#include <utility>

namespace gantry::inline GANTRY_ABI::test {

/// Of gantry::core's own payloads.
inline const Codecs& builtin_codecs() {
  static const Codecs made = Registry::builtin().codecs();
  return made;
}

template <class T>
std::string json_of(const Codecs& codecs, T value) {
  return codecs.to_json(Payload::from(std::move(value))).value();
}

template <class T>
Result<T> read_json(const Codecs& codecs, const std::string& json) {
  auto payload = codecs.read_json(PayloadType::of<T>(), JsonView::parse(json, "in").value());
  if (!payload) return payload.error();
  return (*std::move(payload)).template as<T>();
}

}  // namespace gantry::inline GANTRY_ABI::test

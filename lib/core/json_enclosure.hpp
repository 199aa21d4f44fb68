// SPDX-License-Identifier: Apache-2.0
// JsonEnclosure: lets foreign code write the value of one member and nothing else.
#pragma once

#include <cstddef>
#include <gantry/json_writer.hpp>
#include <optional>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// Construct it right after JsonWriter::key(). Until end(), the lists and objects begun before cannot be ended or
/// extended.
///
/// Ownership: borrows the writer.
/// Threads:   one thread.
/// Errors:    end(): the first invalid call, or what is missing; the writer's finish() then fails, too.
/// Cost:      none.
class GANTRY_API JsonEnclosure {
 public:
  explicit JsonEnclosure(JsonWriter& writer);
  JsonEnclosure(const JsonEnclosure&) = delete;
  JsonEnclosure& operator=(const JsonEnclosure&) = delete;
  /// The first mistake since construction; nullopt if exactly one value was written.
  std::optional<std::string> end();

 private:
  JsonWriter& writer_;
  const std::size_t before_;
  const std::size_t enclosing_;
  const bool was_right_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

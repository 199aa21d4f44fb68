// SPDX-License-Identifier: Apache-2.0
// JsonEnclosure: lets somebody else write the value of a member, and nothing but that.
#pragma once

#include <cstddef>
#include <gantry/json_writer.hpp>
#include <optional>
#include <string>

namespace gantry::inline GANTRY_ABI::detail {

/// From its construction, right behind JsonWriter::key(), until end() the lists and objects that were begun before can
/// neither be ended nor added to.
///
/// Ownership: borrows the writer.
/// Threads:   one thread.
/// Errors:    end(): the first call out of place, or what is missing; the writer's finish() fails then, too.
/// Cost:      none.
class GANTRY_API JsonEnclosure {
 public:
  explicit JsonEnclosure(JsonWriter& writer);
  JsonEnclosure(const JsonEnclosure&) = delete;
  JsonEnclosure& operator=(const JsonEnclosure&) = delete;
  /// What was wrong since the construction; nothing if exactly one value was written.
  std::optional<std::string> end();

 private:
  JsonWriter& writer_;
  const std::size_t before_;
  const std::size_t enclosing_;
  const bool was_right_;
};

}  // namespace gantry::inline GANTRY_ABI::detail

// SPDX-License-Identifier: Apache-2.0
// ApiKeys: who may send requests, and whose share of the queue they count to.
#pragma once

#include <functional>
#include <gantry/result.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "watched_file.hpp"

namespace gantry_server {

/// A file of lines "<tenant> <key>"; '#' begins a comment. A tenant may have several keys. The file is read again when
/// it changes; one that cannot be read then leaves the keys as they were.
///
/// Threads: thread-safe.
/// Cost:    of tenant_of(): linear in the keys.
class ApiKeys {
 public:
  /// invalid_argument names the line. `warn` is told why a changed file was not taken.
  static gantry::Result<std::shared_ptr<ApiKeys>> open(const std::string& path,
                                                       std::function<void(const std::string&)> warn);

  /// nullopt for a key that is not in the file.
  std::optional<std::string> tenant_of(std::string_view key);

 private:
  using Keys = std::vector<std::pair<std::string, std::string>>;  // key, tenant

  ApiKeys(const std::string& path, std::function<void(const std::string&)> warn)
      : warn_(std::move(warn)), file_(path) {}
  static gantry::Result<Keys> read(const std::string& path);

  const std::function<void(const std::string&)> warn_;
  std::mutex mutex_;  // guards what follows
  WatchedFile file_;
  Keys keys_;
};

/// Whether a request may pass.
struct KeyCheck {
  unsigned status = 200;  ///< else 401 without a right key, 403 for another tenant's
  std::string text;       ///< of a refusal
  std::string tenant;
};

/// The key comes as "Authorization: Bearer <key>" or "X-Api-Key: <key>". `header` gives a header's value, "" if it is
/// absent.
KeyCheck check_key(ApiKeys& keys, const std::function<std::string_view(const char* name)>& header);
/// What follows "Bearer " in the value of the header Authorization; "" without it.
std::string_view bearer_of(std::string_view authorization);

}  // namespace gantry_server

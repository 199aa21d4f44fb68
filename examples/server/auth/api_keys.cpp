// SPDX-License-Identifier: Apache-2.0
#include "api_keys.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "secret.hpp"

namespace gantry_server {

using gantry::Error;
using gantry::ErrorCode;

gantry::Result<ApiKeys::Keys> ApiKeys::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error(ErrorCode::kNotFound, "'" + path + "': " + std::strerror(errno));
  Keys keys;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string tenant, key, more;
    words >> tenant >> key >> more;
    if (tenant.empty()) continue;
    const auto invalid = [&](const std::string& what) {
      return Error(ErrorCode::kInvalidArgument, path + ":" + std::to_string(number) + ": " + what);
    };
    if (key.empty() || !more.empty()) return invalid("expected '<tenant> <key>'");
    if (tenant.size() > 128) return invalid("the tenant's name is longer than 128 bytes");
    for (const auto& [other, its_tenant] : keys)
      if (other == key) return invalid("the key of tenant '" + tenant + "' is also one of tenant '" + its_tenant + "'");
    keys.emplace_back(std::move(key), std::move(tenant));
  }
  if (keys.empty())
    return Error(ErrorCode::kInvalidArgument, "'" + path + "' has no key; no request could be answered");
  return keys;
}

gantry::Result<std::shared_ptr<ApiKeys>> ApiKeys::open(const std::string& path,
                                                       std::function<void(const std::string&)> warn) {
  std::shared_ptr<ApiKeys> made(new ApiKeys(path, std::move(warn)));
  auto keys = read(path);
  if (!keys) return keys.error();
  made->keys_ = *std::move(keys);
  return made;
}

std::optional<std::string> ApiKeys::tenant_of(std::string_view key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (file_.has_changed()) {
    if (auto keys = read(file_.path()))
      keys_ = *std::move(keys);
    else
      warn_("the API keys stay as they were: " + keys.error().to_string());
  }
  std::optional<std::string> found;
  for (const auto& [secret, tenant] : keys_)
    if (are_equal_secrets(key, secret)) found = tenant;
  return found;
}

std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  return authorization.substr(0, kScheme.size()) == kScheme ? authorization.substr(kScheme.size()) : std::string_view();
}

KeyCheck check_key(ApiKeys& keys, const std::function<std::string_view(const char* name)>& header) {
  std::string_view key = header("X-Api-Key");
  if (key.empty()) key = bearer_of(header("Authorization"));
  if (key.empty())
    return {401, "this server needs an API key: header 'Authorization: Bearer <key>' or 'X-Api-Key'", ""};
  auto tenant = keys.tenant_of(key);
  if (!tenant) return {401, "the API key is not one of this server", ""};
  const std::string_view named = header("X-Tenant");
  if (!named.empty() && named != *tenant)
    return {403, "header X-Tenant: the API key is not that tenant's; leave the header out", ""};
  return {200, "", *std::move(tenant)};
}

}  // namespace gantry_server

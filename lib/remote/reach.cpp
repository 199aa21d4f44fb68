// SPDX-License-Identifier: Apache-2.0
#include "remote/reach.hpp"

#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "remote/address.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

Result<void> check_time(const std::string& field, std::chrono::milliseconds value) {
  if (value.count() > 0 && value <= std::chrono::hours(24)) return {};
  return invalid_option(field, "above 0 and at most 24 hours", std::to_string(value.count()) + " ms");
}

/// Written so that NaN is refused, too.
Result<void> check_number(const std::string& field, double value, double most, const char* range) {
  if (value >= 0 && value <= most) return {};
  return invalid_option(field, range, std::to_string(value));
}

Result<void> check(const ConnectionOptions& options) {
  GANTRY_RETURN_IF_ERROR(check_range("max_connections", options.max_connections, 1, 65536));
  GANTRY_RETURN_IF_ERROR(check_range("max_retries", options.max_retries, 0, 100));
  GANTRY_RETURN_IF_ERROR(check_range("breaker_failures", options.breaker_failures, 1, 1'000'000));
  GANTRY_RETURN_IF_ERROR(check_number("retry_ratio", options.retry_ratio, 1, "0..1"));
  GANTRY_RETURN_IF_ERROR(check_number("retry_burst", options.retry_burst, 1e6, "0..1000000"));
  GANTRY_RETURN_IF_ERROR(check_time("connect_timeout", options.connect_timeout));
  GANTRY_RETURN_IF_ERROR(check_time("timeout", options.timeout));
  GANTRY_RETURN_IF_ERROR(check_time("idle_timeout", options.idle_timeout));
  GANTRY_RETURN_IF_ERROR(check_time("open_time", options.open_time));
  GANTRY_RETURN_IF_ERROR(
      check_range<std::size_t>("max_answer_bytes", options.max_answer_bytes, 1, std::size_t{1} << 40));
  return check_range<std::size_t>("max_header_bytes", options.max_header_bytes, 256, std::size_t{16} << 20);
}

/// The contact that counts; an error if no host answered, or if two disagree.
Result<Contact> agreed(const std::vector<Contact>& contacts) {
  const Contact* first = nullptr;
  for (const Contact& contact : contacts) {
    if (!contact.description) continue;
    if (first == nullptr) first = &contact;
    if (!contact.description->has_same_tensors(*first->description))
      return Error(ErrorCode::kFailedPrecondition, "the hosts serve different models: " + first->address + " has " +
                                                       first->description->to_string() + ", " + contact.address +
                                                       " has " + contact.description->to_string());
  }
  if (first != nullptr) return *first;
  if (contacts.size() == 1) return contacts[0].description.error().within("host '" + contacts[0].address + "'");
  std::string text;
  for (const Contact& contact : contacts)
    text += (text.empty() ? "" : "; ") + contact.address + ": " + contact.description.error().message();
  return Error(ErrorCode::kUnavailable, "no host has the model: " + text);
}

}  // namespace

Error invalid_option(const std::string& field, const std::string& expected, const std::string& got) {
  return Error(ErrorCode::kInvalidArgument, "remote::Options::" + field + " must be " + expected + ", got " + got);
}

Result<Reached> reach(const std::string& addresses, const std::string& model, const ConnectionOptions& options) {
  GANTRY_RETURN_IF_ERROR(check(options));
  if (model.empty()) return Error(ErrorCode::kInvalidArgument, "the model's name is empty");
  GANTRY_ASSIGN_OR_RETURN(auto hosts, parse_addresses(addresses));
  GANTRY_ASSIGN_OR_RETURN(auto runtime, options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared());
  const std::shared_ptr<const TimeSource> time(runtime.core(), &runtime.core()->time());
  auto backend = std::make_shared<RemoteBackend>(std::move(hosts), model, options, time);
  GANTRY_ASSIGN_OR_RETURN(auto contact, agreed(backend->contact()));
  const std::string& platform = contact.description->platform;
  std::string text = "model '" + model + "' of " + addresses + (platform.empty() ? "" : " (" + platform + ")");
  return Reached{std::move(runtime), std::move(backend), std::move(contact), std::move(text)};
}

Result<Model> make_model(const Reached& reached, Signature signature, FileTensors files, BackendOptions options,
                         const std::string& name) {
  reached.backend->expect(reached.description(), signature, std::move(files), reached.text);
  options.name = name;
  options.runtime = reached.runtime;
  options.hang_after = std::chrono::milliseconds(0);  // every call has a deadline
  return Model::make(reached.backend, std::move(signature), options);
}

}  // namespace gantry::inline GANTRY_ABI::remote

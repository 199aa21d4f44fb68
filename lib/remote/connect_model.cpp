// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <gantry/remote.hpp>
#include <gantry/translate_exception.hpp>
#include <memory>
#include <utility>

#include "core/return_if_error.hpp"
#include "remote/address.hpp"
#include "remote/remote_backend.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

Error invalid(const std::string& what, const std::string& expected, const std::string& got) {
  return Error(ErrorCode::kInvalidArgument, "remote::Options::" + what + " must be " + expected + ", got " + got);
}

template <class T>
Result<void> in_range(const char* what, T value, T least, T most) {
  if (value >= least && value <= most) return {};
  return invalid(what, std::to_string(least) + ".." + std::to_string(most), std::to_string(value));
}

Result<void> check_time(const char* what, std::chrono::milliseconds value) {
  if (value.count() > 0 && value <= std::chrono::hours(24)) return {};
  return invalid(what, "above 0 and at most 24 hours", std::to_string(value.count()) + " ms");
}

Result<void> check(const Options& options) {
  GANTRY_RETURN_IF_ERROR(in_range("max_batch", options.max_batch, 1, 65536));
  GANTRY_RETURN_IF_ERROR(in_range("max_connections", options.max_connections, 1, 65536));
  GANTRY_RETURN_IF_ERROR(in_range("max_retries", options.max_retries, 0, 100));
  GANTRY_RETURN_IF_ERROR(in_range("breaker_failures", options.breaker_failures, 1, 1'000'000));
  // Written so that NaN is refused, too.
  if (!(options.retry_ratio >= 0 && options.retry_ratio <= 1))
    return invalid("retry_ratio", "0..1", std::to_string(options.retry_ratio));
  if (!(options.retry_burst >= 0 && options.retry_burst <= 1e6))
    return invalid("retry_burst", "0..1000000", std::to_string(options.retry_burst));
  GANTRY_RETURN_IF_ERROR(check_time("connect_timeout", options.connect_timeout));
  GANTRY_RETURN_IF_ERROR(check_time("timeout", options.timeout));
  GANTRY_RETURN_IF_ERROR(check_time("idle_timeout", options.idle_timeout));
  GANTRY_RETURN_IF_ERROR(check_time("open_time", options.open_time));
  const std::size_t most = std::size_t{1} << 40;
  GANTRY_RETURN_IF_ERROR(in_range<std::size_t>("max_answer_bytes", options.max_answer_bytes, 1, most));
  return in_range<std::size_t>("max_header_bytes", options.max_header_bytes, 256, std::size_t{16} << 20);
}

/// The contact that counts; an error if no host answered, or if two disagree.
Result<const Contact*> agreed(const std::vector<Contact>& contacts) {
  const Contact* first = nullptr;
  for (const Contact& contact : contacts) {
    if (!contact.description) continue;
    if (first == nullptr) first = &contact;
    if (!contact.description->has_same_tensors(*first->description))
      return Error(ErrorCode::kFailedPrecondition, "the hosts serve different models: " + first->address + " has " +
                                                       first->description->to_string() + ", " + contact.address +
                                                       " has " + contact.description->to_string());
  }
  if (first != nullptr) return first;
  if (contacts.size() == 1) return contacts[0].description.error().within("host '" + contacts[0].address + "'");
  std::string text;
  for (const Contact& contact : contacts)
    text += (text.empty() ? "" : "; ") + contact.address + ": " + contact.description.error().message();
  return Error(ErrorCode::kUnavailable, "no host has the model: " + text);
}

Result<Model> connect(const std::string& addresses, const std::string& model, const Options& options) {
  GANTRY_RETURN_IF_ERROR(check(options));
  if (model.empty()) return Error(ErrorCode::kInvalidArgument, "the model's name is empty");
  GANTRY_ASSIGN_OR_RETURN(auto hosts, parse_addresses(addresses));
  GANTRY_ASSIGN_OR_RETURN(auto runtime, options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared());
  const std::shared_ptr<const TimeSource> time(runtime.core(), &runtime.core()->time());
  const auto backend = std::make_shared<RemoteBackend>(std::move(hosts), model, options, time);
  const auto contacts = backend->contact();
  GANTRY_ASSIGN_OR_RETURN(const Contact* const contact, agreed(contacts));
  const ModelDescription& description = *contact->description;
  if (options.signature) GANTRY_RETURN_IF_ERROR(check_description(description, *options.signature));
  GANTRY_ASSIGN_OR_RETURN(auto signature, options.signature ? Result<Signature>(*options.signature)
                                                            : to_signature(description, contact->max_batch > 0));
  const bool takes_batches = contact->max_batch > 0 && signature.has_batch_axis();
  backend->expect(description, signature,
                  "model '" + model + "' of " + addresses +
                      (description.platform.empty() ? "" : " (" + description.platform + ")"));
  BackendOptions of_backend;
  of_backend.name = options.name.empty() ? model : options.name;
  of_backend.runtime = std::move(runtime);
  of_backend.max_batch = options.max_batch;
  if (takes_batches)
    of_backend.max_batch = static_cast<int>(std::min<std::int64_t>(options.max_batch, contact->max_batch));
  of_backend.merge = options.merge.value_or(takes_batches ? Merge::kAssume : Merge::kProven);
  of_backend.examples = options.examples;
  of_backend.hang_after = std::chrono::milliseconds(0);  // every call has a deadline
  return Model::make(backend, std::move(signature), of_backend);
}

}  // namespace

Result<Model> connect_model(const std::string& addresses, const std::string& model, const Options& options) try {
  auto connected = connect(addresses, model, options);
  if (!connected) return connected.error().within("remote model '" + model + "'");
  return connected;
} catch (...) {
  return detail::translate_exception();
}

}  // namespace gantry::inline GANTRY_ABI::remote

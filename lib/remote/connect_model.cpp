// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <gantry/remote.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "remote/reach.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

Result<Model> connect(const std::string& addresses, const std::string& model, const Options& options) {
  GANTRY_RETURN_IF_ERROR(check_range("max_batch", options.max_batch, 1, 65536));
  GANTRY_ASSIGN_OR_RETURN(const auto reached, reach(addresses, model, options));
  const std::int64_t max_batch = reached.contact.max_batch;
  if (options.signature) GANTRY_RETURN_IF_ERROR(check_description(reached.description(), *options.signature));
  GANTRY_ASSIGN_OR_RETURN(auto signature, options.signature ? Result<Signature>(*options.signature)
                                                            : to_signature(reached.description(), max_batch > 0));
  const bool takes_batches = max_batch > 0 && signature.has_batch_axis();
  BackendOptions of_backend;
  of_backend.max_batch = options.max_batch;
  if (takes_batches) of_backend.max_batch = static_cast<int>(std::min<std::int64_t>(options.max_batch, max_batch));
  of_backend.merge = options.merge.value_or(takes_batches ? Merge::kAssume : Merge::kProven);
  of_backend.examples = options.examples;
  return make_model(reached, std::move(signature), {}, std::move(of_backend),
                    options.name.empty() ? model : options.name);
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

// SPDX-License-Identifier: Apache-2.0
#include "model/load_request.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/make_model.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<LoadRequest> make_load_request(const std::string& kind, std::vector<EngineFile> files, Signature signature,
                                      const ModelOptions& options) {
  LoadRequest request;
  request.files = std::move(files);
  request.signature = std::move(signature);
  request.device = options.device;
  request.instances = options.instances;
  if (request.instances == 0) {
    GANTRY_ASSIGN_OR_RETURN(auto runtime, options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared());
    request.instances = runtime.options().workers;
  }
  if (options.merge != Merge::kNever) request.max_batch = static_cast<int>(max_batch_of(options));
  request.file_memory = options.file_memory;
  const auto own = options.engine_options.find(kind);
  if (own != options.engine_options.end()) request.host_options = own->second;
  return request;
}

Result<std::unique_ptr<Engine>> load_engine(const EngineLoader& loader, const LoadRequest& request) try {
  auto engine = loader.load(request);
  const bool is_missing = engine && *engine == nullptr;
  if (is_missing) return Error(ErrorCode::kInternal, "its loader returned no engine (nullptr)");
  return engine;
} catch (...) {
  return translate_exception();
}

}  // namespace gantry::inline GANTRY_ABI::detail

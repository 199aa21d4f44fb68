// SPDX-License-Identifier: Apache-2.0
#include "package/engine_files.hpp"

#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "model/load_request.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<LoadRequest> load_request_of(const EngineEntry& entry, const Signature& signature, const PackageFiles& files,
                                    const ModelOptions& options) {
  std::vector<EngineFile> opened;
  for (const EntryFile& file : entry.files) {
    GANTRY_ASSIGN_OR_RETURN(auto content, files.open(file.path));
    opened.push_back({std::move(content), file.batch});
  }
  auto request = make_load_request(entry.kind, std::move(opened), signature, options);
  if (!request) return request;
  request->package_options = entry.options;
  request->open_file = [&files](const std::string& name) { return files.open(name); };
  return request;
}

}  // namespace gantry::inline GANTRY_ABI::detail

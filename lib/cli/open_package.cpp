// SPDX-License-Identifier: Apache-2.0
#include "cli/open_package.hpp"

#include <gantry/libtorch.hpp>

#include "package/package_files.hpp"

namespace gantry::cli {

std::vector<OptionSpec> open_option_specs() {
  return {{"engine", true}, {"device", true}, {"trusted-key", true, true}};
}

std::string open_option_usage() {
  return "[--engine KIND] [--device D] [--trusted-key PEM]...";
}

Result<OpenOptions> open_options(const Arguments& arguments) {
  OpenOptions options;
  options.model.batch_across_callers = false;  // there is one, who would wait while batch sizes are tried
  options.engine = arguments.value("engine");
  if (const auto text = arguments.value("device")) {
    const auto device = Device::parse(*text);
    if (!device) return device.error().within("--device");
    options.model.device = *device;
  }
  for (const std::string& path : arguments.values("trusted-key")) {
    const auto key = PublicKey::load(path);
    if (!key) return key.error().within("--trusted-key " + path);
    options.trusted_keys.push_back(*key);
  }
  return options;
}

Result<detail::OpenedPackage> open_any(const std::string& directory, const OpenOptions& options,
                                       std::optional<std::size_t> engine_index) {
  return detail::open_package(directory, nullptr, nullptr, libtorch::engines(), options, engine_index);
}

Result<detail::Manifest> load_manifest(const std::string& directory) {
  const auto text = detail::read_package_file(directory, "gantry.json");
  if (!text && text.error().code() == ErrorCode::kNotFound)
    return Error(ErrorCode::kNotFound, "'" + directory + "' holds no gantry.json; give the directory of a package, " +
                                           "such as models/cat-or-dog/3 (gantry-pack makes one)");
  if (!text) return text.error();
  return detail::parse_manifest(*text);
}

}  // namespace gantry::cli

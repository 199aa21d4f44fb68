// SPDX-License-Identifier: Apache-2.0
#include "cli/open_package.hpp"

#include <filesystem>
#include <gantry/libtorch.hpp>
#include <gantry/plugin.hpp>
#include <system_error>

#include "package/package_files.hpp"
#include "package/package_signature.hpp"

namespace gantry::cli {

std::vector<OptionSpec> open_option_specs() {
  return {{"engine", true},        {"device", true},       {"trusted-key", true, true},
          {"library", true, true}, {"plugin", true, true}, {"trust-unverified-code", false}};
}

std::string open_option_usage() {
  return "[--engine KIND] [--device D] [--trusted-key PEM]... [--library PATH]... [--plugin PATH]... "
         "[--trust-unverified-code]";
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
  options.model.libraries = arguments.values("library");
  options.model.trust_unverified_code = arguments.has("trust-unverified-code");
  if (arguments.has("plugin")) options.registry = Registry::builtin();
  for (const std::string& path : arguments.values("plugin"))
    if (auto loaded = load_plugin(path, *options.registry); !loaded) return loaded.error().within("--plugin");
  for (const std::string& path : arguments.values("trusted-key")) {
    const auto key = PublicKey::load(path);
    if (!key) return key.error().within("--trusted-key " + path);
    options.trusted_keys.push_back(*key);
  }
  return options;
}

Result<AnyPipeline> open_any(const std::string& directory, const OpenOptions& options,
                             std::optional<detail::EngineChoice> choice) {
  auto opened = detail::open_package(directory, nullptr, nullptr, libtorch::engines(), options, choice);
  if (!opened) return std::move(opened).error();
  return AnyPipeline(std::move(opened->core), std::move(opened->origin));
}

namespace {

/// Says what a package is, where a directory is none.
Result<Bytes> explained(const std::string& directory, Result<Bytes> text) {
  std::error_code ignored;
  if (text || text.error().code() != ErrorCode::kNotFound || !std::filesystem::is_directory(directory, ignored))
    return text;
  return Error(ErrorCode::kNotFound, "'" + directory + "' holds no gantry.json; give the directory of a package, " +
                                         "such as models/cat-or-dog/3 (gantry-pack makes one)");
}

}  // namespace

Result<Bytes> read_manifest(const std::string& directory) {
  return explained(directory, detail::read_package_file(directory, "gantry.json"));
}

Result<detail::Manifest> load_manifest(const std::string& directory, Span<const PublicKey> trusted_keys) {
  const auto text = explained(directory, detail::read_trusted_manifest(directory, trusted_keys));
  if (!text) return text.error();
  return detail::parse_manifest(*text);
}

}  // namespace gantry::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/open_package.hpp"

#include <filesystem>
#include <gantry/plugin.hpp>
#include <string_view>
#include <system_error>

#include "core/return_if_error.hpp"
#include "model/known_engines.hpp"
#include "package/package_files.hpp"
#include "package/package_signature.hpp"

namespace gantry::inline GANTRY_ABI::cli {

std::vector<OptionSpec> open_option_specs() {
  auto specs = every_engine_option_specs();
  specs.insert(specs.begin(), {"engine", true});
  return specs;
}

std::string open_option_usage() {
  return "[--engine KIND] " + every_engine_option_usage();
}

std::vector<OptionSpec> every_engine_option_specs() {
  return {{"device", true},          {"trusted-key", true, true},      {"library", true, true},
          {"plugin", true, true},    {"trust-unverified-code", false}, {"engine-option", true, true},
          {"engine-dir", true, true}};
}

std::string every_engine_option_usage() {
  return "[--device D] [--trusted-key PEM]... [--library PATH]... [--plugin PATH]... "
         "[--trust-unverified-code] [--engine-option KIND.NAME=VALUE]... [--engine-dir DIR]...";
}

namespace {

/// --library and --trust-unverified-code: frequent options of the LibTorch engines.
void set_torch_options(const Arguments& arguments, ModelOptions& options) {
  EngineOptions torch;
  if (arguments.has("library")) torch.set("libraries", arguments.values("library"));
  if (arguments.has("trust-unverified-code")) torch.set("trust_unverified_code", true);
  if (torch.empty()) return;
  for (const detail::KnownEngine& known : detail::kKnownEngines)
    if (std::string_view(known.component) == "torch") options.engine_options[known.kind] = torch;
}

/// KIND.NAME=VALUE. The value is parsed as JSON; anything else is a string.
Result<void> set_engine_option(const std::string& text, ModelOptions& options) {
  const auto equals = text.find('=');
  const auto dot = text.find('.');
  if (equals == std::string::npos || dot == std::string::npos || dot == 0 || dot + 1 >= equals)
    return Error(ErrorCode::kInvalidArgument, "expected KIND.NAME=VALUE, such as torchscript.scratch_dir=/var/tmp");
  const std::string value = text.substr(equals + 1);
  EngineOptions& engine = options.engine_options[text.substr(0, dot)];
  const std::string name = text.substr(dot + 1, equals - dot - 1);
  const auto json = JsonView::parse(value, name);
  if (!json) {
    engine.set(name, value);
    return {};
  }
  GANTRY_ASSIGN_OR_RETURN(auto read, OptionValue::from_json(*json));
  engine.set(name, std::move(read));
  return {};
}

/// Distinguishes builds of a plugin.
std::string tag_of(const std::string& path) {
  std::error_code ignored;
  const auto changed = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
  return path + " " + std::to_string(std::filesystem::file_size(path, ignored)) + " " + std::to_string(changed) + "\n";
}

}  // namespace

Result<OpenOptions> open_options(const Arguments& arguments) {
  OpenOptions options;
  if (const auto directory = arguments.value("golden-cache")) {
    options.golden = Golden::kFirstTime;
    options.golden_cache = *directory;
  }
  options.model.batch_across_callers = false;  // a single caller would wait while batch sizes are tried
  options.engine = arguments.value("engine");
  if (const auto text = arguments.value("device")) {
    const auto device = Device::parse(*text);
    if (!device) return device.error().within("--device");
    options.model.device = *device;
  }
  set_torch_options(arguments, options.model);
  for (const std::string& option : arguments.values("engine-option"))
    if (auto ok = set_engine_option(option, options.model); !ok) return ok.error().within("--engine-option " + option);
  if (arguments.has("plugin")) options.registry = Registry::builtin();
  for (const std::string& path : arguments.values("plugin")) {
    if (auto loaded = load_plugin(path, *options.registry); !loaded) return loaded.error().within("--plugin");
    options.golden_tag += tag_of(path);
  }
  for (const std::string& path : arguments.values("trusted-key")) {
    const auto key = PublicKey::load(path);
    if (!key) return key.error().within("--trusted-key " + path);
    options.trusted_keys.push_back(*key);
  }
  return options;
}

Result<EngineLibraries> load_engine_libraries(const Arguments& arguments) {
  return load_engine_libraries(arguments.values("engine-dir"));
}

Result<AnyPipeline> open_with(const std::string& directory, const EngineList& engines, const OpenOptions& options,
                              const std::optional<detail::EngineChoice>& choice) {
  GANTRY_ASSIGN_OR_RETURN(auto opened, detail::open_package(directory, nullptr, nullptr, engines, options, choice));
  return AnyPipeline(std::move(opened.core), std::move(opened.origin));
}

namespace {

/// For a directory without gantry.json, says what a package is.
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
  GANTRY_ASSIGN_OR_RETURN(const auto text,
                          explained(directory, detail::read_trusted_manifest(directory, trusted_keys)));
  return detail::parse_manifest(text);
}

}  // namespace gantry::inline GANTRY_ABI::cli

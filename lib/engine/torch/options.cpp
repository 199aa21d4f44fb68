// SPDX-License-Identifier: Apache-2.0
// Options of the LibTorch engines: converts libtorch::Options to engine options, and reads them.
#include "engine/torch/options.hpp"

#include <algorithm>
#include <gantry/libtorch.hpp>
#include <set>
#include <utility>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

constexpr std::size_t kMaxArguments = 64;
constexpr std::size_t kMaxLibraries = 16;
constexpr std::size_t kMaxLibraryLength = 4096;

/// The engine checks the names and types of arguments. This rejects what no forward() takes.
void check_arguments(const OptionValue::Object& arguments, const Signature& signature, OptionReader& reader) {
  if (arguments.size() > kMaxArguments)
    reader.fail("arguments", "has " + std::to_string(arguments.size()) + " arguments, at most " +
                                 std::to_string(kMaxArguments) + " are allowed");
  for (const auto& [name, value] : arguments) {
    if (name.empty()) reader.fail("arguments", "an argument has no name");
    for (const TensorSpec& spec : signature.inputs())
      if (spec.name == name) reader.fail("arguments", "'" + name + "' is the name of an input");
    const bool is_plain = !std::holds_alternative<OptionValue::List>(value.value()) &&
                          !std::holds_alternative<OptionValue::Object>(value.value());
    if (!is_plain)
      reader.fail("arguments", "'" + name + "': expected true, false, a 64-bit integer, a number or a string, got " +
                                   value.describe());
  }
}

/// Files of the package or bare names, without control characters, since messages contain them.
bool is_library(const std::string& text) {
  return !text.empty() && text.size() <= kMaxLibraryLength && text != "." && text != ".." &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::vector<std::string> read_library_names(OptionReader& reader) {
  std::vector<std::string> names = reader.texts("libraries");
  if (names.size() > kMaxLibraries)
    reader.fail("libraries", "has " + std::to_string(names.size()) + " libraries, at most " +
                                 std::to_string(kMaxLibraries) + " are allowed");
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!is_library(name))
      reader.fail("libraries",
                  "item " + std::to_string(seen.size()) + ": expected a file of the package or a library's name");
    if (!seen.insert(name).second) reader.fail("libraries", "'" + name + "' is listed twice");
  }
  return names;
}

/// Keeps the plan unless the option is set.
void read_plan(OptionReader& reader, TorchOptions& options) {
  options.plan = reader.text("plan", options.plan);
  for (const char* known : {kFrozenPlan, kChannelsLastPlan, kFusedPlan})
    if (options.plan == known) return;
  reader.fail("plan", "expected 'frozen', 'channels_last' or 'fused', got '" + options.plan + "'");
}

/// Reads the host's options.
Result<TorchOptions> read_host_options(const LoadRequest& request, bool has_plans) {
  OptionReader reader(request.host_options);
  TorchOptions options;
  options.arguments = reader.object("arguments");
  check_arguments(options.arguments, request.signature, reader);
  options.libraries = reader.texts("libraries");
  options.trust_unverified_code = reader.boolean("trust_unverified_code", false);
  options.retain_activation_memory = reader.boolean("retain_activation_memory", true);
  options.scratch_dir = reader.text("scratch_dir", "");
  if (has_plans) read_plan(reader, options);
  GANTRY_RETURN_IF_ERROR(reader.finish());
  return options;
}

/// A library is a file of the package, or the bare name of a library from the host. A path that is not in the package
/// is an error.
Result<void> add_packaged_library(const LoadRequest& request, const std::string& name, TorchOptions& options) {
  auto file = request.open_file
                  ? request.open_file(name)
                  : Result<ModelFile>(Error(ErrorCode::kNotFound, "there is no package with '" + name + "'"));
  if (file) {
    options.packaged_libraries.push_back(*std::move(file));
    return {};
  }
  if (file.error().code() != ErrorCode::kNotFound) return std::move(file).error();
  if (name.find('/') != std::string::npos)
    return Error(ErrorCode::kInvalidArgument, "option 'libraries': '" + name + "' is not listed in files");
  if (!options.libraries.empty()) return {};
  return Error(ErrorCode::kFailedPrecondition,
               "it needs the operators of '" + name + "'; give its path in libtorch::Options::libraries");
}

Result<void> add_package_options(const LoadRequest& request, bool has_plans, TorchOptions& options) {
  for (const char* name : {"retain_activation_memory", "scratch_dir", "trust_unverified_code"})
    if (request.package_options.find(name))
      return Error(ErrorCode::kInvalidArgument, std::string("option '") + name +
                                                    "': is the host's to set; a package may set 'arguments' and "
                                                    "'libraries'");
  OptionReader reader(request.package_options);
  auto arguments = reader.object("arguments");
  check_arguments(arguments, request.signature, reader);
  const auto libraries = read_library_names(reader);
  TorchOptions own;
  if (has_plans) read_plan(reader, own);
  GANTRY_RETURN_IF_ERROR(reader.finish());
  if (!request.host_options.find("plan")) options.plan = own.plan;
  arguments.merge(options.arguments);  // the package's arguments win
  options.arguments = std::move(arguments);
  for (const std::string& name : libraries) GANTRY_RETURN_IF_ERROR(add_packaged_library(request, name, options));
  return {};
}

Result<TorchOptions> read_both(const LoadRequest& request, bool has_plans) {
  auto options = read_host_options(request, has_plans);
  if (!options) return options.error().within("options of the host");
  if (auto ok = add_package_options(request, has_plans, *options); !ok)
    return ok.error().within("options of the package");
  return options;
}

}  // namespace

Options::operator EngineOptions() const {
  EngineOptions options;
  if (!arguments.empty()) options.set("arguments", arguments);
  if (!libraries.empty()) options.set("libraries", libraries);
  if (trust_unverified_code) options.set("trust_unverified_code", true);
  if (!retain_activation_memory) options.set("retain_activation_memory", false);
  if (!scratch_dir.empty()) options.set("scratch_dir", scratch_dir);
  if (!plan.empty()) options.set("plan", plan);
  return options;
}

void Options::apply_to(ModelOptions& options) const {
  options.engine_options["torchscript"] = *this;
  Options aoti = *this;
  aoti.plan.clear();  // the plan was fixed when it was compiled
  options.engine_options["aoti"] = aoti;
}

Result<TorchOptions> read_options(const LoadRequest& request) {
  return read_both(request, false);
}

Result<TorchOptions> read_torchscript_options(const LoadRequest& request) {
  return read_both(request, true);
}

Result<ModelFile> only_file(const LoadRequest& request) {
  if (request.files.size() == 1 && request.files[0].batch == 0) return request.files[0].file;
  return Error(ErrorCode::kInvalidArgument, "takes one file for all batch sizes, got " +
                                                std::to_string(request.files.size()) +
                                                (request.files.size() == 1 ? " for one size" : " for a size each"));
}

}  // namespace gantry::inline GANTRY_ABI::libtorch

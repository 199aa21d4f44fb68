// SPDX-License-Identifier: Apache-2.0
// gantry inspect: shows what a package contains. Most of it is in the manifest. Once the files are verified, each
// model's first usable engine is loaded to show how the signature's names were matched, and the pipeline is parsed like
// in open(). Nothing is run.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/open_package.hpp"
#include "cli/printable.hpp"
#include "core/json_object.hpp"
#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "model/load_request.hpp"
#include "model/padding.hpp"
#include "package/engine_files.hpp"
#include "package/package_files.hpp"
#include "package/package_pipeline.hpp"
#include "package/package_signature.hpp"
#include "package/requirements.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using detail::EngineEntry;
using detail::Json;
using detail::Manifest;
using detail::ModelEntry;

/// Other ops may have parameters with these names.
bool holds_ops(const Json& op, const std::string& key) {
  const auto& name = op["op"].get_ref<const std::string&>();
  return (name == "each" && key == "do") || (name == "when" && (key == "then" || key == "else")) ||
         (name == "fork" && key == "branches");
}

/// "(size=256, filter=bicubic)", or empty.
std::string parameters_of(const Json& op) {
  std::string text;
  for (const auto& [key, value] : op.items()) {
    if (key == "op" || holds_ops(op, key)) continue;
    text += (text.empty() ? "(" : ", ") + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text.empty() ? text : text + ")";
}

/// Prints the pipeline, one op per line: "pipeline[1]  image.resize_short(size=256, filter=bicubic)". The manifest's
/// reader does not check ops, so they may be any JSON.
class PipelinePrinter {
 public:
  void print_ops(const Json& ops, const std::string& path, int depth) {
    if (!ops.is_array()) return print_mistake(path, "not a list of ops: " + detail::describe(ops), depth);
    for (std::size_t i = 0; i < ops.size(); ++i) print_op(ops[i], path + "[" + std::to_string(i) + "]", depth);
  }
  bool found_mistakes() const { return found_mistakes_; }

 private:
  void print_op(const Json& op, const std::string& path, int depth) {
    if (!op.is_object() || !op.contains("op") || !op["op"].is_string())
      return print_mistake(path, "not an op: expected an object with the key op, got " + detail::describe(op), depth);
    print_line(path, op["op"].get<std::string>() + parameters_of(op), depth);
    for (const auto& [key, value] : op.items()) {
      if (!holds_ops(op, key)) continue;
      if (key == "branches")
        print_branches(value, path + ".branches", depth + 1);
      else
        print_ops(value, path + "." + key, depth + 1);
    }
  }

  void print_branches(const Json& branches, const std::string& path, int depth) {
    if (!branches.is_array())
      return print_mistake(path, "not a list of lists of ops: " + detail::describe(branches), depth);
    for (std::size_t i = 0; i < branches.size(); ++i)
      print_ops(branches[i], path + "[" + std::to_string(i) + "]", depth);
  }

  void print_mistake(const std::string& path, const std::string& text, int depth) {
    found_mistakes_ = true;
    print_line(path, text, depth);
  }

  static void print_line(const std::string& path, const std::string& text, int depth) {
    std::printf("%*s%s  %s\n", depth * 2, "", path.c_str(), printable(text).c_str());
  }

  bool found_mistakes_ = false;
};

std::string describe(const Tolerance& tolerance) {
  if (tolerance.is_exact) return "exact";
  return "within " + detail::to_text(tolerance.atol, 6) + " + " + detail::to_text(tolerance.rtol, 6) + " * |expected|";
}

/// The size of all its files: "18.6 MB"; empty if one is not listed.
std::string size_of(const EngineEntry& entry, const Manifest& manifest) {
  double bytes = 0;
  for (const detail::EntryFile& file : entry.files) {
    const auto listed = manifest.files.find(file.path);
    if (listed == manifest.files.end()) return "";
    bytes += static_cast<double>(listed->second.bytes);
  }
  return detail::to_text(bytes / 1e6, 3) + " MB";
}

/// "batches of 1, 8"; empty if it computes any number of samples.
std::string batches_of(const EngineEntry& entry) {
  std::string text;
  for (const detail::EntryFile& file : entry.files)
    if (file.batch > 0) text += (text.empty() ? "batches of " : ", ") + std::to_string(file.batch);
  return text;
}

/// "plan 'fused', libraries a list"
std::string options_of(const EngineEntry& entry) {
  std::string text;
  for (const auto& [name, value] : entry.options.values())
    text += (text.empty() ? "" : ", ") + name + " " + value.describe();
  return text;
}

/// `serves`: whether open() would accept the rest of the package.
void print_engines(const ModelEntry& model, const Manifest& manifest, const EngineList& engines, Device device,
                   bool serves) {
  std::printf("  engines, in order of preference, on %s\n", device.to_string().c_str());
  bool is_first_usable = true;
  for (const EngineEntry& entry : model.engines) {
    const auto unmet = detail::unmet_requirement(entry, detail::find_loader(engines, entry.kind), device);
    std::string needs = "for " + entry.device;
    if (!entry.precision.empty()) needs += ", " + entry.precision;
    for (const auto& [key, value] : entry.requirements.items())
      needs += ", " + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
    for (const std::string& part : {size_of(entry, manifest), batches_of(entry), options_of(entry)})
      if (!part.empty()) needs += "; " + part;
    std::string verdict = "usable";
    if (unmet)
      verdict = "not usable: " + unmet->to_string();
    else if (std::exchange(is_first_usable, false) && serves)
      verdict = "usable, serves";
    std::printf("    %-12s %s (%s): %s\n", entry.kind.c_str(), printable(entry.file_names()).c_str(),
                printable(needs).c_str(), printable(verdict).c_str());
  }
}

void print_model(const ModelEntry& model, const Manifest& manifest, const EngineList& engines, Device device,
                 bool serves) {
  std::printf("model '%s'\n", model.name.c_str());
  for (const TensorSpec& input : model.signature.inputs())
    std::printf("  in   %s\n", printable(input.to_string()).c_str());
  for (const TensorSpec& output : model.signature.outputs())
    std::printf("  out  %s\n", printable(output.to_string()).c_str());
  std::string own;
  for (const std::string& symbol : model.signature.output_symbols()) own += (own.empty() ? "" : ", ") + symbol;
  if (!own.empty()) std::printf("  follows from the input: %s\n", own.c_str());
  if (model.signature.can_share_calls())
    std::printf("  at most %d samples in one call\n", model.max_batch);
  else
    std::printf("  %s: one sample a call\n",
                model.signature.has_batch_axis() ? "an output has no row for each sample" : "no batch axis");
  if (model.padding)
    if (const auto plan = detail::PaddingPlan::make(*model.padding, model.signature))
      std::printf("  pads %s\n", printable(plan->to_string()).c_str());
  print_engines(model, manifest, engines, device, serves);
}

void print_proof(const Manifest& manifest) {
  std::size_t stages = 0;
  for (const auto& golden : manifest.golden) stages += golden.stages.size();
  std::printf("golden\n  %zu cases, %zu stage boundaries", manifest.golden.size(), stages);
  if (!manifest.golden.empty()) std::printf("; results %s", describe(manifest.golden[0].result.tolerance).c_str());
  std::printf("\n");
  if (manifest.accuracy)
    std::printf("accuracy\n  %s at least %g on %s\n", printable(manifest.accuracy->metric).c_str(),
                manifest.accuracy->floor, printable(manifest.accuracy->eval).c_str());
  if (manifest.latency_p99_ms)
    std::printf("latency\n  p99 %g ms%s%s (advisory)\n", *manifest.latency_p99_ms,
                manifest.latency_at.empty() ? "" : " at ", printable(manifest.latency_at).c_str());
}

void print_files(const Manifest& manifest) {
  std::printf("files\n");
  for (const auto& [path, file] : manifest.files)
    std::printf("  %10lld  %.12s  %s\n", static_cast<long long>(file.bytes), file.sha256.c_str(),
                printable(path).c_str());
}

/// Reports whether there is a signature; false if its file cannot be one.
bool print_signature_file(const std::string& directory) {
  const auto signature = detail::read_package_file(directory, "gantry.json.sig");
  const bool is_absent = !signature && signature.error().code() == ErrorCode::kNotFound;
  const auto usable = signature ? detail::check_signature_size(*signature) : Result<void>(signature.error());
  if (is_absent)
    std::printf("signature\n  none; `gantry-pack --sign KEY` makes one\n");
  else if (usable)
    std::printf("signature\n  gantry.json.sig; `gantry check --trusted-key PEM` compares it\n");
  else
    std::printf("signature\n  not usable: %s\n", printable(usable.error().to_string()).c_str());
  return is_absent || usable;
}

/// Loads it like open(). `files` are verified.
Result<std::unique_ptr<Engine>> load_engine(const ModelEntry& model, const EngineEntry& entry,
                                            const EngineLoader& loader, const detail::PackageFiles& files,
                                            const ModelOptions& given) {
  ModelOptions options = given;
  options.max_batch = model.max_batch;
  options.instances = 1;
  GANTRY_ASSIGN_OR_RETURN(const auto request, detail::load_request_of(entry, model.signature, files, options));
  return detail::load_engine(loader, request);
}

/// Prints how the first engine that loads would be called. `of` names the model if there are several.
void print_loaded(const ModelEntry& model, const std::string& of, const EngineList& engines,
                  const detail::PackageFiles& files, const ModelOptions& options) {
  for (const EngineEntry& entry : model.engines) {
    const EngineLoader* const loader = detail::find_loader(engines, entry.kind);
    if (detail::unmet_requirement(entry, loader, options.device)) continue;
    const auto engine = load_engine(model, entry, *loader, files, options);
    const std::string title = of + printable(model.title_of(entry));
    if (!engine) {
      std::printf("  %s: skipped, it cannot be loaded: %s\n", title.c_str(),
                  printable(engine.error().to_string()).c_str());
      continue;
    }
    const EngineInfo& info = (*engine)->info();
    std::printf("  %s: %s\n", title.c_str(), printable(info.description).c_str());
    if (!info.matching.empty()) std::printf("  %smatched: %s\n", of.c_str(), printable(info.matching).c_str());
    return;
  }
  std::printf("  %snone of its engines can be loaded here\n", of.c_str());
}

void print_loaded(const Manifest& manifest, const EngineList& engines, const detail::PackageFiles& files,
                  const ModelOptions& options) {
  std::printf("loaded\n");
  for (const ModelEntry& model : manifest.models)
    print_loaded(model, manifest.models.size() > 1 ? model.name + ": " : "", engines, files, options);
}

}  // namespace

CommandSpec inspect_spec() {
  auto options = every_engine_option_specs();
  options.push_back({"no-load", false});
  return {"inspect PKG [--no-load] " + every_engine_option_usage(), 1, 1, options};
}

int inspect_command(const Arguments& arguments) {
  const auto options = open_options(arguments);
  if (!options) return complain_of_options(options.error());
  const std::string& directory = arguments.positional()[0];
  const auto manifest = load_manifest(directory, options->trusted_keys);
  if (!manifest) return complain(manifest.error().to_string(), kExitCouldNotRun);

  const auto libraries = load_engine_libraries(arguments);
  if (!libraries) return complain(libraries.error().to_string(), kExitCouldNotRun);

  const auto files = detail::PackageFiles::verify(directory, *manifest);
  const Registry registry = options->registry ? *options->registry : Registry::builtin();
  // Files that are not as published are not read.
  const auto opens = files ? detail::check_package_pipeline(*manifest, *files, registry) : Result<void>();

  std::printf("%s\n", manifest->title().c_str());
  if (!manifest->created.empty()) std::printf("  created: %s\n", printable(manifest->created).c_str());
  for (const auto& [key, value] : manifest->provenance)
    std::printf("  %s: %s\n", printable(key).c_str(), printable(value).c_str());
  for (const ModelEntry& model : manifest->models)
    print_model(model, *manifest, libraries->engines, options->model.device, files && opens);
  std::printf("pipeline\n");
  for (const std::string& input : manifest->inputs) std::printf("  in   %s\n", input.c_str());
  PipelinePrinter pipeline;
  pipeline.print_ops(Json::parse(manifest->pipeline), "pipeline", 1);
  if (!opens) std::printf("  cannot be opened: %s\n", printable(opens.error().to_string()).c_str());
  print_proof(*manifest);
  print_files(*manifest);
  const bool has_good_signature = print_signature_file(directory);
  std::printf("integrity\n  %s\n", files ? "every file is as listed" : printable(files.error().to_string()).c_str());
  if (files && has_good_signature && !arguments.has("no-load") && !manifest->models.empty())
    print_loaded(*manifest, libraries->engines, *files, options->model);
  return files && has_good_signature && opens && !pipeline.found_mistakes() ? kExitOk : kExitFailed;
}

}  // namespace gantry::inline GANTRY_ABI::cli

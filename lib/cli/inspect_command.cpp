// SPDX-License-Identifier: Apache-2.0
// gantry inspect: what a package holds, from its manifest alone; no model is loaded and no golden case is run.
#include <algorithm>
#include <cstdio>
#include <gantry/libtorch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/open_package.hpp"
#include "package/package_files.hpp"
#include "package/requirements.hpp"

namespace gantry::cli {
namespace {

using detail::EngineEntry;
using detail::Manifest;
using Json = nlohmann::ordered_json;

bool holds_ops(const std::string& key) {
  return key == "do" || key == "then" || key == "else" || key == "branches";
}

/// "(size=256, filter=bicubic)", or nothing.
std::string parameters_of(const Json& op) {
  std::string text;
  for (const auto& [key, value] : op.items()) {
    if (key == "op" || holds_ops(key)) continue;
    text += (text.empty() ? "(" : ", ") + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text.empty() ? text : text + ")";
}

/// One line an op: "pipeline[1]  image.resize_short(size=256, filter=bicubic)". What is no op is shown as it is: the
/// manifest's reader leaves the ops to the Registry.
void print_ops(const Json& ops, const std::string& path, int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Json& op = ops[i];
    const std::string here = path + "[" + std::to_string(i) + "]";
    const bool is_named = op.is_object() && op.contains("op") && op["op"].is_string();
    const std::string text = is_named ? op["op"].get<std::string>() + parameters_of(op) : op.dump();
    std::printf("%s%s  %s\n", indent.c_str(), here.c_str(), text.c_str());
    if (!is_named) continue;
    for (const auto& [key, value] : op.items()) {
      if (!holds_ops(key) || !value.is_array()) continue;
      if (key != "branches") print_ops(value, here + "." + key, depth + 1);
      for (std::size_t b = 0; key == "branches" && b < value.size(); ++b)
        print_ops(value[b], here + ".branches[" + std::to_string(b) + "]", depth + 1);
    }
  }
}

std::string describe(const detail::Tolerance& tolerance) {
  if (tolerance.is_exact) return "exact";
  char text[80];
  std::snprintf(text, sizeof text, "within %g + %g * |expected|", tolerance.atol, tolerance.rtol);
  return text;
}

void print_engines(const Manifest& manifest, Device device) {
  const auto loaders = libtorch::engines();
  std::printf("engines, in order of preference, on %s\n", device.to_string().c_str());
  bool is_first_usable = true;
  for (const EngineEntry& entry : manifest.engines) {
    const auto loader = std::find_if(loaders.begin(), loaders.end(),
                                     [&](const EngineLoader& candidate) { return candidate.kind == entry.kind; });
    const auto unmet = detail::unmet_requirement(entry, loader == loaders.end() ? nullptr : &*loader, device);
    std::string needs = "for " + entry.device;
    if (!entry.torch.empty()) needs += ", torch " + entry.torch;
    if (!entry.isa.empty()) needs += ", " + entry.isa;
    std::string verdict = "usable";
    if (unmet)
      verdict = "not usable: " + unmet->to_string();
    else if (std::exchange(is_first_usable, false))
      verdict = "usable, serves";
    std::printf("  %-12s %s (%s): %s\n", entry.kind.c_str(), entry.file.c_str(), needs.c_str(), verdict.c_str());
  }
}

void print_signature(const Manifest& manifest) {
  std::printf("model\n");
  for (const TensorSpec& input : manifest.signature.inputs()) std::printf("  in   %s\n", input.to_string().c_str());
  for (const TensorSpec& output : manifest.signature.outputs()) std::printf("  out  %s\n", output.to_string().c_str());
  if (manifest.signature.has_batch_axis())
    std::printf("  at most %d samples in one call\n", manifest.max_batch);
  else
    std::printf("  no batch axis: one sample a call\n");
}

void print_proof(const Manifest& manifest) {
  std::size_t stages = 0;
  for (const auto& golden : manifest.golden) stages += golden.stages.size();
  std::printf("golden\n  %zu cases, %zu stage boundaries", manifest.golden.size(), stages);
  if (!manifest.golden.empty()) std::printf("; results %s", describe(manifest.golden[0].result.tolerance).c_str());
  std::printf("\n");
  if (manifest.accuracy)
    std::printf("accuracy\n  %s at least %g on %s\n", manifest.accuracy->metric.c_str(), manifest.accuracy->floor,
                manifest.accuracy->eval.c_str());
  if (manifest.latency_p99_ms)
    std::printf("latency\n  p99 %g ms%s%s (advisory)\n", *manifest.latency_p99_ms,
                manifest.latency_at.empty() ? "" : " at ", manifest.latency_at.c_str());
}

void print_files(const std::string& directory, const Manifest& manifest) {
  std::printf("files\n");
  for (const auto& [path, file] : manifest.files)
    std::printf("  %10lld  %.12s  %s\n", static_cast<long long>(file.bytes), file.sha256.c_str(), path.c_str());
  const bool is_signed = detail::read_package_file(directory, "gantry.json.sig").ok();
  std::printf("signature\n  %s\n", is_signed ? "gantry.json.sig; `gantry check --trusted-key PEM` compares it"
                                             : "none; `gantry-pack --sign KEY` makes one");
}

}  // namespace

CommandSpec inspect_spec() {
  return {"inspect PKG [--device D]", 1, 1, {{"device", true}}};
}

int inspect_command(const Arguments& arguments) {
  const auto options = open_options(arguments);
  if (!options) return complain_of_options(options.error());
  const std::string& directory = arguments.positional()[0];
  const auto manifest = load_manifest(directory);
  if (!manifest) return complain(manifest.error().to_string(), kExitCouldNotRun);

  std::printf("%s\n", manifest->title().c_str());
  if (!manifest->created.empty()) std::printf("  created: %s\n", manifest->created.c_str());
  for (const auto& [key, value] : manifest->provenance) std::printf("  %s: %s\n", key.c_str(), value.c_str());
  print_engines(*manifest, options->device);
  print_signature(*manifest);
  std::printf("pipeline\n");
  print_ops(Json::parse(manifest->pipeline), "pipeline", 1);
  print_proof(*manifest);
  print_files(directory, *manifest);
  const auto files = detail::PackageFiles::verify(directory, *manifest);
  std::printf("integrity\n  %s\n", files ? "every file is as listed" : files.error().to_string().c_str());
  return files ? kExitOk : kExitFailed;
}

}  // namespace gantry::cli

// SPDX-License-Identifier: Apache-2.0
// gantry check: is the package as published, and does it answer here like the Python stack?
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/junit.hpp"
#include "cli/open_package.hpp"
#include "cli/printable.hpp"
#include "cli/write_file.hpp"
#include "package/package_files.hpp"
#include "package/package_signature.hpp"
#include "package/requirements.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using detail::EngineEntry;
using detail::Manifest;
using detail::ModelEntry;
using Clock = std::chrono::steady_clock;
using Status = Finding::Status;

/// Prints and keeps the findings.
class Report {
 public:
  void add(std::string name, Status status, std::string detail, double seconds = 0) {
    std::printf("%-14s %s: %s\n", to_string(status), printable(name).c_str(), printable(detail).c_str());
    std::fflush(stdout);
    findings_.push_back({std::move(name), status, std::move(detail), seconds, {}});
  }
  void add(std::string name, Status status, const Error& error, double seconds = 0) {
    add(std::move(name), status, error.to_string(), seconds);
    findings_.back().error_type = error_type_of(error);
  }
  bool has(Status status) const {
    return std::any_of(findings_.begin(), findings_.end(), [&](const Finding& f) { return f.status == status; });
  }
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  std::vector<Finding> findings_;
};

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// The bytes of gantry.json. With keys, only after their signature was verified.
std::optional<Bytes> check_signature(const std::string& directory, const OpenOptions& options, Report& report) {
  auto text = read_manifest(directory);
  if (!text) {
    report.add("manifest", Status::kCouldNotRun, text.error());
    return std::nullopt;
  }
  if (options.trusted_keys.empty()) {
    report.add("signature", Status::kSkipped, "no key to compare with; give --trusted-key PEM");
    return *std::move(text);
  }
  const auto verdict = detail::judge_signature(directory, *text, options.trusted_keys);
  if (verdict && verdict->is_trusted) {
    report.add("signature", Status::kOk,
               "gantry.json is signed by one of " + std::to_string(options.trusted_keys.size()) + " trusted keys");
    return *std::move(text);
  }
  if (verdict)
    report.add("signature", Status::kFailed, verdict->why_not);
  else
    report.add("signature", Status::kCouldNotRun, verdict.error());
  for (const char* name : {"manifest", "files", "golden"})
    report.add(name, Status::kSkipped, "not looked at: no trusted key is known to have signed it");
  return std::nullopt;
}

std::optional<Manifest> check_manifest(const Bytes& text, Report& report) {
  auto manifest = detail::parse_manifest(text);
  if (!manifest) {
    report.add("manifest", Status::kFailed, manifest.error());
    return std::nullopt;
  }
  report.add("manifest", Status::kOk, "gantry.json of " + manifest->title() + " follows format 2");
  return *std::move(manifest);
}

/// If the files are not as published or cannot be read, also adds why the model is skipped.
bool check_files(const std::string& directory, const Manifest& manifest, Report& report) {
  const auto began = Clock::now();
  const auto files = detail::PackageFiles::verify(directory, manifest);
  if (!files) {
    const auto unreadable = detail::why_unreadable(directory, manifest);
    if (unreadable)
      report.add("files", Status::kCouldNotRun, *unreadable, seconds_since(began));
    else
      report.add("files", Status::kFailed, files.error(), seconds_since(began));
    report.add("golden", Status::kSkipped,
               unreadable ? "the model file is not opened: not all files of the package can be read"
                          : "the model file is not opened: the package is not what was published");
    return false;
  }
  std::int64_t bytes = 0;
  for (const auto& [path, file] : manifest.files) bytes += file.bytes;
  report.add("files", Status::kOk,
             std::to_string(manifest.files.size()) + " files, " + std::to_string(bytes) +
                 " bytes, sizes and SHA-256 as listed, nothing else there",
             seconds_since(began));
  return true;
}

/// A missing device, library or engine says nothing about the package.
bool could_not_run(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kFailedPrecondition:
      return error.reason() != ErrorReason::kGoldenMismatch;
    case ErrorCode::kUnsupported:
    case ErrorCode::kNotFound:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kInternal:
      return true;
    default:
      return false;
  }
}

/// The name of a finding: "golden with aoti"; with several models "golden of detector with aoti".
std::string title_of(const Manifest& manifest, const ModelEntry& model, const std::string& engine) {
  return "golden " + (manifest.models.size() > 1 ? "of " + model.name + " " : "") + "with " + engine;
}

int largest_batch(const Manifest& manifest) {
  int largest = 1;
  for (const ModelEntry& model : manifest.models) largest = std::max(largest, model.max_batch);
  return largest;
}

/// Opens the package, with the chosen engine if there is one, and reports the result of its golden cases under `name`.
void check_golden(const std::string& directory, const Manifest& manifest, const std::string& name,
                  const EngineList& engines, const OpenOptions& options,
                  const std::optional<detail::EngineChoice>& choice, Report& report) {
  const auto began = Clock::now();
  const auto opened = open_with(directory, engines, options, choice);
  const double seconds = seconds_since(began);
  if (!opened) {
    const auto status = could_not_run(opened.error()) ? Status::kCouldNotRun : Status::kFailed;
    return report.add(name, status, opened.error(), seconds);
  }
  const PackageInfo& info = opened->package();
  if (info.golden_cases == 0)
    return report.add(
        name, Status::kSkipped,
        "the package opens, but the package holds no golden case; give gantry-pack samples to record some", seconds);
  report.add(name, Status::kOk,
             std::to_string(info.golden_cases) + " cases, " + std::to_string(info.golden_boundaries) +
                 " boundaries within tolerance, at batch 1 and " + std::to_string(largest_batch(manifest)),
             seconds);
}

/// Checks every engine that a model may use here, or those of the requested kind.
void check_model(const std::string& directory, const Manifest& manifest, const ModelEntry& model,
                 const EngineList& engines, const OpenOptions& options, Report& report) {
  bool any_found = false;
  bool any_usable = false;
  for (std::size_t i = 0; i < model.engines.size(); ++i) {
    const EngineEntry& entry = model.engines[i];
    if (options.engine && entry.kind != *options.engine) continue;
    any_found = true;
    const auto unmet = detail::unmet_requirement(entry, detail::find_loader(engines, entry.kind), options.model.device);
    if (unmet) {
      report.add(title_of(manifest, model, model.title_of(entry)), Status::kSkipped, *unmet);
      continue;
    }
    any_usable = true;
    check_golden(directory, manifest, title_of(manifest, model, model.title_of(entry)), engines, options,
                 detail::EngineChoice{model.name, i}, report);
  }
  if (any_usable) return;
  if (any_found) return report.add("golden", Status::kCouldNotRun, "none of the package's engines is usable here");
  const auto opened = open_with(directory, engines, options);
  if (!opened) report.add(title_of(manifest, model, *options.engine), Status::kCouldNotRun, opened.error());
}

Report check_package(const std::string& directory, const EngineList& engines, const OpenOptions& options) {
  Report report;
  const auto text = check_signature(directory, options, report);
  if (!text) return report;
  const auto manifest = check_manifest(*text, report);
  if (!manifest) return report;
  if (!check_files(directory, *manifest, report)) return report;
  for (const ModelEntry& model : manifest->models) check_model(directory, *manifest, model, engines, options, report);
  if (manifest->models.empty()) check_golden(directory, *manifest, "golden", engines, options, std::nullopt, report);
  return report;
}

}  // namespace

CommandSpec check_spec() {
  auto options = open_option_specs();
  options.push_back({"junit", true});
  return {"check PKG [--junit FILE] " + open_option_usage(), 1, 1, options};
}

int check_command(const Arguments& arguments) {
  const auto options = open_options(arguments);
  if (!options) return complain_of_options(options.error());
  const std::string& directory = arguments.positional()[0];
  const auto libraries = load_engine_libraries(arguments);
  if (!libraries) return complain(libraries.error().to_string(), kExitCouldNotRun);
  const Report report = check_package(directory, libraries->engines, *options);
  if (const auto path = arguments.value("junit")) {
    const auto written = write_file(*path, Bytes(to_junit("gantry check " + directory, report.findings())));
    if (!written) return complain(written.error().message(), kExitCouldNotRun);
  }
  if (report.has(Status::kFailed)) return kExitFailed;
  return report.has(Status::kCouldNotRun) ? kExitCouldNotRun : kExitOk;
}

}  // namespace gantry::inline GANTRY_ABI::cli

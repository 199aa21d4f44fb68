// SPDX-License-Identifier: Apache-2.0
// gantry run: one JSON line per input, or what one stage gave as a .npy file.
#include <chrono>
#include <cstdio>
#include <gantry/package.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/load_input.hpp"
#include "cli/open_package.hpp"
#include "cli/printable.hpp"
#include "cli/render.hpp"
#include "cli/stage_output.hpp"
#include "cli/write_file.hpp"
#include "model/npy.hpp"

namespace gantry::cli {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point began) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count();
  return static_cast<double>(micros) / 1000;
}

void print_line(const Json& line) {
  std::printf("%s\n", to_line(line).c_str());
  std::fflush(stdout);
}

/// The name of the only input of a model, for pipelines that take Tensors; empty if it has several.
std::string only_input_of(const std::string& directory, const OpenOptions& options) {
  const auto manifest = load_manifest(directory, options.trusted_keys);
  if (!manifest || manifest->models.size() != 1) return "";
  const auto& inputs = manifest->models[0].signature.inputs();
  return inputs.size() == 1 ? inputs[0].name : "";
}

/// Everything `run` needs of an opened package.
struct RunTarget {
  detail::OpenedPackage package;
  std::string only_input;
};

bool run_one(const RunTarget& target, const std::string& input) {
  auto value = load_input(input, *target.package.in, target.only_input);
  const auto began = Clock::now();
  const auto result = value ? target.package.core->run(*std::move(value), {}) : std::move(value);
  const double elapsed_ms = milliseconds_since(began);
  if (!result) {
    print_line({{"input", input}, {"error", render(result.error())}});
    return false;
  }
  print_line({{"input", input},
              {"model", target.package.info.name},
              {"version", target.package.info.version},
              {"result", render(*result)},
              {"ms", elapsed_ms}});
  return true;
}

int write_stage(const RunTarget& target, const Arguments& arguments) {
  const std::string input = arguments.positional()[1];
  const auto stage = find_stage(*target.package.core, *arguments.value("until"));
  if (!stage) return complain("--until: " + stage.error().message(), kExitUsage);
  auto value = load_input(input, *target.package.in, target.only_input);
  auto tensor = value ? run_until(*target.package.core, *std::move(value), *stage) : Result<Tensor>(value.error());
  auto file = tensor ? detail::to_npy(*tensor) : Result<Bytes>(tensor.error());
  if (!file) {
    print_line({{"input", input}, {"error", render(file.error())}});
    return kExitFailed;
  }
  const std::string path = *arguments.value("npy");
  if (const auto written = write_file(path, *file); !written)
    return complain(written.error().message(), kExitCouldNotRun);
  Json shape = Json::array();
  for (const std::int64_t extent : tensor->shape()) shape.push_back(extent);
  print_line(
      {{"input", input}, {"stage", *stage}, {"dtype", to_string(tensor->dtype())}, {"shape", shape}, {"npy", path}});
  return kExitOk;
}

/// What the stages spent on this command's inputs: `before` was read when the golden cases had run.
void print_stage_times(const std::vector<StageStats>& before, const std::vector<StageStats>& after) {
  std::size_t width = 5;
  double total_ns = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    width = std::max(width, after[i].path.size() + 1 + after[i].name.size());
    if (after[i].path.find('.') == std::string::npos)
      total_ns += static_cast<double>(after[i].time.sum_ns - before[i].time.sum_ns);
  }
  const int columns = static_cast<int>(width);
  std::fprintf(stderr, "\n%-*s  %7s  %6s  %12s  %6s\n", columns, "stage", "samples", "errors", "ms/sample", "share");
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto samples = after[i].samples - before[i].samples;
    const double spent_ns = static_cast<double>(after[i].time.sum_ns - before[i].time.sum_ns);
    const std::string label = printable(after[i].path + " " + after[i].name);
    std::fprintf(stderr, "%-*s  %7llu  %6llu  ", columns, label.c_str(), static_cast<unsigned long long>(samples),
                 static_cast<unsigned long long>(after[i].errors - before[i].errors));
    if (!after[i].fused_into.empty())
      std::fprintf(stderr, "  part of %s\n", printable(after[i].fused_into).c_str());
    else if (samples == 0)
      std::fprintf(stderr, "%12s  %6s\n", "-", "-");
    else
      std::fprintf(stderr, "%12.3f  %5.1f%%\n", spent_ns / 1e6 / static_cast<double>(samples),
                   total_ns > 0 ? 100 * spent_ns / total_ns : 0.0);
  }
}

void print_explanation(const detail::OpenedPackage& package, const std::vector<StageStats>& before) {
  std::fprintf(stderr, "\n%s", printable_lines(package.core->explain()).c_str());
  for (const std::string& skipped : package.info.skipped_engines)
    std::fprintf(stderr, "  engine passed over: %s\n", printable(skipped).c_str());
  std::fprintf(stderr, "  golden: %zu cases passed, %zu boundaries compared\n", package.info.golden_cases,
               package.info.golden_boundaries);
  print_stage_times(before, package.core->stats());
}

}  // namespace

CommandSpec run_spec() {
  auto options = open_option_specs();
  options.insert(options.end(), {{"until", true}, {"npy", true}, {"explain", false}});
  return {"run PKG INPUT... [--explain] [--until STAGE --npy FILE] " + open_option_usage(), 2, std::size_t(-1),
          options};
}

int run_command(const Arguments& arguments) {
  const bool has_until = arguments.has("until");
  if (has_until != arguments.has("npy"))
    return complain("--until STAGE and --npy FILE go together: the stage, and where its output goes", kExitUsage);
  if (has_until && arguments.positional().size() != 2)
    return complain("--until takes one input: there is one --npy file", kExitUsage);
  const auto options = open_options(arguments);
  if (!options) return complain_of_options(options.error());

  const std::string& directory = arguments.positional()[0];
  auto opened = open_any(directory, *options);
  if (!opened) return complain(opened.error().to_string(), kExitCouldNotRun);
  const RunTarget target{*std::move(opened), only_input_of(directory, *options)};
  if (has_until) return write_stage(target, arguments);

  const auto before = target.package.core->stats();
  bool all_ok = true;
  for (std::size_t i = 1; i < arguments.positional().size(); ++i)
    all_ok = run_one(target, arguments.positional()[i]) && all_ok;
  if (arguments.has("explain")) print_explanation(target.package, before);
  return all_ok ? kExitOk : kExitFailed;
}

}  // namespace gantry::cli

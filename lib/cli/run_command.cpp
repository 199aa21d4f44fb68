// SPDX-License-Identifier: Apache-2.0
// gantry run: writes one JSON line per input, and a picture of the results; or the output of one stage as a .npy file.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <gantry/any_pipeline.hpp>
#include <gantry/json_writer.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/draw/drawn_answer.hpp"
#include "cli/draw/drawn_results.hpp"
#include "cli/expand_inputs.hpp"
#include "cli/load_input.hpp"
#include "cli/open_package.hpp"
#include "cli/printable.hpp"
#include "cli/progress.hpp"
#include "cli/run_inputs.hpp"
#include "cli/write_file.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// The .npy file with the output of a stage, and the line that describes it.
struct StageFile {
  Bytes npy;
  std::string line;
};

Result<StageFile> run_until(const AnyPipeline& pipeline, const std::string& input, const std::string& stage,
                            const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(auto payload, load_input(pipeline, input));
  GANTRY_ASSIGN_OR_RETURN(const auto given, pipeline.run_until(std::move(payload), stage));
  GANTRY_ASSIGN_OR_RETURN(auto npy, pipeline.codecs().to_npy(given));
  GANTRY_ASSIGN_OR_RETURN(const auto tensors, pipeline.codecs().to_tensors(given));
  const Tensor& tensor = tensors[0].tensor;
  JsonWriter writer;
  writer.begin_object().field("input", input).field("stage", stage).field("dtype", to_string(tensor.dtype()));
  writer.key("shape").list(Span<const std::int64_t>(tensor.shape())).field("npy", path).end_object();
  return StageFile{std::move(npy), writer.finish().value()};
}

int write_stage(const AnyPipeline& pipeline, const Arguments& arguments) {
  const std::string& input = arguments.positional()[1];
  const auto stage = pipeline.find_stage(*arguments.value("until"));
  if (!stage) return complain("--until: " + stage.error().message(), kExitUsage);
  const std::string path = *arguments.value("npy");
  auto file = run_until(pipeline, input, *stage, path);
  if (!file) {
    print_line(error_line(input, file.error()));
    return kExitFailed;
  }
  if (const auto written = write_file(path, file->npy); !written)
    return complain(written.error().message(), kExitCouldNotRun);
  print_line(file->line);
  return kExitOk;
}

/// The stages' times for this command's inputs; `before` was read after the golden cases.
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

void print_explanation(const AnyPipeline& pipeline, const std::vector<StageStats>& before) {
  const PackageInfo& package = pipeline.package();
  std::fprintf(stderr, "\n%s", printable_lines(pipeline.explain()).c_str());
  std::fprintf(stderr, "  golden: %zu cases passed, %zu boundaries compared\n", package.golden_cases,
               package.golden_boundaries);
  if (!package.golden_note.empty())
    std::fprintf(stderr, "  golden cases are not remembered: %s\n", printable(package.golden_note).c_str());
  print_stage_times(before, pipeline.stats());
}

/// Inputs in flight. A worker has one that it computes and one that waits; the others are answers that wait for a slow
/// one before them.
std::size_t window_of(std::size_t inputs, const Runtime& runtime) {
  constexpr std::size_t kPerWorker = 4;
  return inputs == 1 ? 1 : kPerWorker * static_cast<std::size_t>(std::max(1, runtime.options().workers));
}

/// What is wrong with the options; nullptr if nothing is.
const char* wrong_combination(const Arguments& arguments) {
  const bool has_until = arguments.has("until");
  if (has_until != arguments.has("npy"))
    return "--until STAGE and --npy FILE go together: the stage, and where its output goes";
  if (has_until && arguments.positional().size() != 2) return "--until takes one input: there is one --npy file";
  if (has_until && arguments.has("draw")) return "--draw draws what the pipeline gives, and --until stops before that";
  return nullptr;
}

void say_not_entered(const ExpandedInputs& expanded) {
  for (const std::string& directory : expanded.not_entered)
    std::fprintf(stderr, "gantry: '%s' holds directories, which are left out; --recursive enters them\n",
                 printable(directory).c_str());
}

bool is_one_file(const std::vector<std::string>& arguments) {
  std::error_code ignored;
  return arguments.size() == 1 && !std::filesystem::is_directory(arguments[0], ignored);
}

int write_drawn(const DrawnResults& drawn) {
  for (const std::string& problem : drawn.problems()) complain(problem, kExitFailed);
  if (drawn.is_empty()) return complain("--draw: the input failed, so nothing is drawn", kExitFailed);
  const auto written = drawn.write();
  if (!written) return complain("--draw: " + written.error().message(), kExitCouldNotRun);
  return drawn.problems().empty() ? kExitOk : kExitFailed;
}

/// Runs all inputs, and draws the results if there is a `target`.
int answer_all(const AnyPipeline& pipeline, const Arguments& arguments, const std::optional<DrawTarget>& target) {
  std::signal(SIGPIPE, SIG_IGN);  // the reader of the lines may stop; writing then fails, which main() reports
  const std::vector<std::string> given(arguments.positional().begin() + 1, arguments.positional().end());
  const ExpandedInputs expanded = expand_inputs(given, arguments.has("recursive"));
  say_not_entered(expanded);
  const auto runtime = Runtime::shared();  // the package was opened on this runtime
  if (!runtime) return complain(runtime.error().to_string(), kExitCouldNotRun);
  std::optional<DrawnResults> drawn;
  AnswerSink seen;
  if (target) {
    auto begun = DrawnResults::begin(*target, pipeline, *runtime, expanded.inputs, is_one_file(given));
    if (!begun) return complain_of_options(begun.error());
    drawn.emplace(*std::move(begun));
    // A plugin's op may map the results back.
    const std::string doubt = arguments.has("plugin") ? "" : doubt_about_places(pipeline);
    if (!doubt.empty()) complain(doubt, kExitOk);
    seen = [&](const std::string& argument, const Result<Payload>& answer) { drawn->add(argument, answer); };
  }
  const auto before = pipeline.stats();
  Progress progress(arguments.has("progress"));
  const bool all_ok =
      run_inputs(pipeline, expanded.inputs, window_of(expanded.inputs.size(), *runtime), progress, seen);
  progress.clear();
  if (arguments.has("explain")) print_explanation(pipeline, before);
  if (std::ferror(stdout) != 0) return kExitCouldNotRun;  // nobody reads; the rest was not run
  const int drawing = drawn ? write_drawn(*drawn) : kExitOk;
  return drawing == kExitCouldNotRun ? kExitCouldNotRun : all_ok ? drawing : kExitFailed;
}

}  // namespace

CommandSpec run_spec() {
  auto options = open_option_specs();
  options.insert(options.end(), {{"until", true},
                                 {"npy", true},
                                 {"draw", true},
                                 {"explain", false},
                                 {"recursive", false},
                                 {"progress", false},
                                 {"golden-cache", true}});
  return {
      "run PKG INPUT... [--draw OUT] [--recursive] [--progress] [--explain] [--until STAGE --npy FILE] "
      "[--golden-cache DIR] " +
          open_option_usage(),
      2, std::size_t(-1), options};
}

int run_command(const Arguments& arguments) {
  if (const char* mistake = wrong_combination(arguments)) return complain(mistake, kExitUsage);
  std::optional<DrawTarget> target;
  if (const auto out = arguments.value("draw")) {
    auto read = read_draw_target(*out);
    if (!read) return complain_of_options(read.error());
    target = *std::move(read);
  }
  const auto options = open_options(arguments);
  if (!options) return complain_of_options(options.error());

  const std::string& directory = arguments.positional()[0];
  const auto libraries = load_engine_libraries(arguments);
  if (!libraries) return complain(libraries.error().to_string(), kExitCouldNotRun);
  const auto pipeline = open_with(directory, libraries->engines, *options);
  if (!pipeline) return complain(pipeline.error().to_string(), kExitCouldNotRun);
  return arguments.has("until") ? write_stage(*pipeline, arguments) : answer_all(*pipeline, arguments, target);
}

}  // namespace gantry::inline GANTRY_ABI::cli

// SPDX-License-Identifier: Apache-2.0
// gantry bench: measures a package under load, checks its budgets, and compares it with another package.
#include <cstdio>
#include <ctime>
#include <gantry/isa.hpp>
#include <gantry/runtime.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench/bench_options.hpp"
#include "cli/bench/report.hpp"
#include "cli/bench/side.hpp"
#include "cli/commands.hpp"
#include "cli/expand_inputs.hpp"
#include "cli/machine.hpp"
#include "cli/open_package.hpp"
#include "cli/printable.hpp"
#include "cli/progress.hpp"
#include "cli/quantity_text.hpp"
#include "cli/write_file.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// The inputs that are run before anything is timed.
constexpr std::size_t kMostFirstAnswers = 16;

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&now, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

BenchMachine describe_machine(const Runtime& runtime) {
  const auto levels = isa_levels();
  return {cpu_name(), levels.empty() ? "" : levels.back(), runtime.budget_explanation(), runtime.options().workers};
}

/// The tolerance of the first side's golden results, or one that two engines of the same network usually meet.
Tolerance tolerance_of(const std::string& directory, const OpenOptions& options) {
  const auto manifest = load_manifest(directory, options.trusted_keys);
  return manifest && !manifest->golden.empty() ? manifest->golden.front().result.tolerance
                                               : Tolerance::within(1e-4, 1e-3);
}

/// Opens the sides, loads their inputs and compares their first answers; returns the exit status of a failure.
class Preparation {
 public:
  Preparation(const Arguments& arguments, const BenchOptions& bench, const OpenOptions& open, const EngineList& engines)
      : arguments_(arguments), bench_(bench), open_(open), engines_(engines) {}

  int prepare(std::vector<Side>& sides, BenchReport& report) {
    const ExpandedInputs expanded = expand_inputs({arguments_.positional().begin() + 1, arguments_.positional().end()},
                                                  arguments_.has("recursive"));
    for (const ExpandedInput& input : expanded.inputs) {
      if (input.error) return complain(input.error->to_string(), kExitFailed);
      report.inputs.push_back(input.argument);
    }
    std::vector<std::vector<Payload>> answers;
    const std::vector<std::string> packages =
        bench_.vs ? std::vector{arguments_.positional()[0], *bench_.vs} : std::vector{arguments_.positional()[0]};
    for (std::size_t i = 0; i < packages.size(); ++i) {
      OpenOptions options = open_;
      if (i > 0 && bench_.vs_engine) options.engine = bench_.vs_engine;
      auto side = Side::open(packages[i], engines_, options);
      if (!side) return complain(side.error().to_string(), kExitCouldNotRun);
      if (const auto loaded = side->load_inputs(report.inputs); !loaded)
        return complain(loaded.error().to_string(), kExitFailed);
      auto first = side->first_answers(kMostFirstAnswers);
      if (!first) return complain(first.error().to_string(), kExitFailed);
      answers.push_back(*std::move(first));
      report.sides.push_back(side->info());
      sides.push_back(*std::move(side));
    }
    if (bench_.vs)
      report.difference = difference_of_answers(sides[0], answers[0], answers[1], tolerance_of(packages[0], open_));
    return kExitOk;
  }

 private:
  const Arguments& arguments_;
  const BenchOptions& bench_;
  const OpenOptions& open_;
  const EngineList& engines_;
};

MeasuredLoad measure_load(std::vector<Side>& sides, const Load& load, const BenchOptions& options, Progress& progress,
                          const std::string& step) {
  SteadyClock clock;
  MeasuredLoad measured;
  measured.load = load;
  if (sides.size() == 1) {
    progress.update("  " + step + ": " + load.title());
    measured.sides.push_back(measure(sides[0], load, options.times, clock));
  } else {
    auto both = compare(sides[0], sides[1], load, options.times, clock, [&](int turn) {
      progress.update("  " + step + ": " + load.title() + ", turn " + std::to_string(turn + 1) + " of " +
                      std::to_string(2 * kPairsOfTurns));
    });
    measured.sides = {std::move(both.a), std::move(both.b)};
    measured.figures = std::move(both.figures);
  }
  for (Measurement& side : measured.sides) side.allows_noise = options.allows_noise;
  progress.clear();
  return measured;
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

/// Writes the requested reports.
Result<void> write_reports(const BenchOptions& options, const BenchReport& report) {
  if (options.json) GANTRY_RETURN_IF_ERROR(write_file(*options.json, Bytes(to_json(report))));
  if (options.junit)
    GANTRY_RETURN_IF_ERROR(
        write_file(*options.junit, Bytes(to_junit("gantry bench " + report.sides[0].directory, report.findings()))));
  if (options.html) GANTRY_RETURN_IF_ERROR(write_file(*options.html, Bytes(to_html(report))));
  return {};
}

}  // namespace

CommandSpec bench_spec() {
  auto options = open_option_specs();
  for (OptionSpec& spec : budget_option_specs()) options.push_back(std::move(spec));
  for (const char* name :
       {"concurrency", "rate", "arrival", "seconds", "warmup", "vs", "vs-engine", "json", "junit", "html"})
    options.push_back({name, true});
  options.push_back({"allow-noise", false});
  options.push_back({"recursive", false});
  return {
      "bench PKG INPUT... [--concurrency N,... | --rate R,... [--arrival poisson|constant]] [--seconds S] "
      "[--warmup S] [--vs PKG2 [--vs-engine KIND]] [--p50|--p90|--p99|--p999 DURATION] [--min-rate R] "
      "[--max-cpu DURATION] [--allow-noise] [--json FILE] [--junit FILE] [--html FILE] [--recursive] " +
          open_option_usage(),
      2, std::size_t(-1), options};
}

int bench_command(const Arguments& arguments) {
  const auto options = parse_bench_options(arguments);
  if (!options) return complain_of_options(options.error());
  auto open = open_options(arguments);
  if (!open) return complain_of_options(open.error());
  open->model.batch_across_callers = true;  // as in a host
  const auto libraries = load_engine_libraries(arguments);
  if (!libraries) return complain(libraries.error().to_string(), kExitCouldNotRun);
  const auto runtime = Runtime::shared();  // packages are opened on this runtime
  if (!runtime) return complain(runtime.error().to_string(), kExitCouldNotRun);

  BenchReport report;
  report.began = utc_now();
  report.machine = describe_machine(*runtime);
  report.times = options->times;
  report.has_budgets = !options->budgets.empty();
  std::vector<Side> sides;
  if (const int status = Preparation(arguments, *options, *open, libraries->engines).prepare(sides, report);
      status != kExitOk)
    return status;

  const auto loads =
      options->loads.empty() ? default_loads(report.machine.workers, report.has_budgets) : options->loads;
  print(text_header(report));
  Progress progress(false);
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const std::string step = std::to_string(i + 1) + "/" + std::to_string(loads.size());
    report.loads.push_back(measure_load(sides, loads[i], *options, progress, step));
    judge(report, options->budgets);
    print(text_rows(report, report.loads.back()));
  }
  print(text_footer(report));
  if (const auto written = write_reports(*options, report); !written)
    return complain(written.error().message(), kExitCouldNotRun);
  return report.has_failed() ? kExitFailed : kExitOk;
}

}  // namespace gantry::inline GANTRY_ABI::cli

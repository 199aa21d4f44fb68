// SPDX-License-Identifier: Apache-2.0
// gantry doctor: what gantry finds on this machine and in this process, and what to do about problems.
#include <cstdio>
#include <filesystem>
#include <gantry/isa.hpp>
#include <gantry/version.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/machine.hpp"
#include "cli/open_package.hpp"
#include "core/number_text.hpp"
#include "runtime/cpu_budget.hpp"
#include "runtime/cpu_throttling.hpp"
#include "runtime/memory_budget.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// Remarks that are printed at the end.
struct Advice {
  std::vector<std::string> problems;  ///< wrong answers or bad speed are likely: exit status 1
  std::vector<std::string> notes;
};

void print_item(const char* title, const std::string& text) {
  std::printf("%-10s %s\n", title, text.c_str());
}

/// What each engine library contains, or why it cannot be used. A missing one is a note: gantry works with other
/// engines.
void report_engines(const EngineLibraries& found, Advice& advice) {
  std::string kinds;
  for (const EngineLibraryState& library : found.libraries) {
    for (const auto& engine : library.engines) kinds += (kinds.empty() ? "" : ", ") + engine->kind();
    print_item("library", library.problem.empty()
                              ? library.description + (library.path.empty() ? ", linked" : ", " + library.path)
                              : "'" + library.name + "' is not usable");
    if (library.problem.empty()) continue;
    (library.path.empty() ? advice.notes : advice.problems)
        .push_back("no engine '" + library.name + "': " + library.problem);
  }
  print_item("engines", kinds.empty() ? "none" : kinds);
}

void report_torch(const EngineLibraries& found, Advice& advice) {
  const auto libraries = loaded_libraries({"libtorch_cpu.so", "libtorch_cpu-"});
  for (const EngineLibraryState& library : found.libraries)
    if (library.name == "torch" && !library.engines.empty())
      print_item("LibTorch",
                 library.engines[0]->version() + " from " + (libraries.empty() ? "this program" : libraries[0]));
  if (libraries.size() > 1)
    advice.problems.push_back("two LibTorch libraries are loaded, " + libraries[0] + " and " + libraries[1] +
                              ": a program can hold one; link everything with the same");
}

void report_cpu(Advice& advice) {
  const auto levels = isa_levels();
  print_item("CPU", cpu_name() + (levels.empty() ? "" : ", " + levels.back()));
  if (levels.size() < 3 && !levels.empty() && levels[0] == "x86-64")
    advice.notes.push_back(
        "this CPU has no AVX2 (x86-64-v3): LibTorch falls back to much slower code, and AOTInductor "
        "packages made on a newer machine are refused");
  const detail::CpuBudget budget = detail::read_cpu_budget();
  print_item("budget", budget.explanation);
  for (const std::string& line : budget.derivation) print_item("", "  " + line);
  const double lost = budget.exact - budget.cpus;
  if (budget.exact < 1)
    advice.notes.push_back(
        "less than one CPU is allowed: the process is stopped part of the time, and each request "
        "may wait for the rest of a quota period (100 ms); allow at least 1");
  else if (lost > 0.1) {
    advice.notes.push_back(detail::to_fixed_text(lost, 2) + " of the " + detail::to_fixed_text(budget.exact, 2) +
                           " CPUs are not used: gantry computes on whole CPUs; round the limit");
  }
}

void report_throttling(Advice& advice) {
  const auto throttling = detail::read_cpu_throttling();
  if (!throttling || throttling->periods == 0) return print_item("throttled", "no quota, or nothing counted yet");
  const auto share = 100 * throttling->throttled_periods / throttling->periods;
  print_item("throttled", "in " + std::to_string(throttling->throttled_periods) + " of " +
                              std::to_string(throttling->periods) + " quota periods (" + std::to_string(share) + " %)");
  if (share >= 5)
    advice.notes.push_back("this container has used up its CPU quota in " + std::to_string(share) +
                           " % of the periods since it started, and stood still until the next: something in it runs "
                           "more threads than the budget, or the quota is too small");
}

void report_memory(Advice& advice) {
  const detail::MemoryBudget budget = detail::read_memory_budget();
  print_item("memory", budget.explanation);
  for (const std::string& line : budget.derivation) print_item("", "  " + line);
  if (budget.limit_bytes && budget.usage_bytes && *budget.usage_bytes > *budget.limit_bytes / 10 * 9)
    advice.notes.push_back("over nine tenths of the memory limit are in use: loading a model may end the process");
}

void report_threads(Advice& advice) {
  const auto runtimes = openmp_runtimes();
  print_item("OpenMP", runtimes.empty() ? "none loaded" : runtimes[0]);
  for (std::size_t i = 1; i < runtimes.size(); ++i) print_item("", runtimes[i]);
  if (runtimes.size() > 1)
    advice.problems.push_back(
        "this process holds " + std::to_string(runtimes.size()) +
        " OpenMP runtimes: each has its own threads, so that the CPU budget is exceeded, and some "
        "pairs crash; link libraries that use the same one (`ldd` shows who brings which)");
  const auto variables = thread_variables();
  std::string text;
  for (const std::string& variable : variables) text += (text.empty() ? "" : " ") + variable;
  print_item("variables", text.empty() ? "none that change threads" : text);
  for (const std::string& variable : variables)
    if (variable.rfind("GANTRY_CPUS=", 0) == 0)
      advice.notes.push_back("GANTRY_CPUS replaces the budget that was found; unset it unless you mean that");
    else if (variable.rfind("KMP_AFFINITY=", 0) == 0 || variable.rfind("GOMP_CPU_AFFINITY=", 0) == 0 ||
             variable.rfind("OMP_PROC_BIND=", 0) == 0)
      advice.notes.push_back(variable + " pins OpenMP threads: several workers then share the same CPUs; unset it");
}

void report_cuda(Advice& advice) {
  const auto torch = loaded_libraries({"libtorch_cpu.so", "libtorch_cpu-"});
  const bool has_library =
      !torch.empty() && std::filesystem::exists(std::filesystem::path(torch[0]).parent_path() / "libtorch_cuda.so");
  const auto driver = find_cuda_driver();
  std::string text = torch.empty() ? "no LibTorch is loaded"
                     : has_library ? "this LibTorch has CUDA (libtorch_cuda.so)"
                                   : "this LibTorch has no CUDA";
  if (!driver) {
    text += "; no driver: libcuda.so.1 cannot be loaded";
  } else {
    const int version = driver->version;
    text += "; driver for CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10) + ", ";
    text += driver->problem.empty() ? std::to_string(driver->devices) + " devices" : driver->problem;
  }
  print_item("CUDA", text);
  if (driver && driver->problem.empty() && !has_library && !torch.empty())
    advice.notes.push_back(
        "there is a GPU, but this LibTorch cannot use it: install one built with CUDA and build "
        "gantry with -DGANTRY_TORCH_ROOT=<it>");
  if (has_library && !driver)
    advice.notes.push_back(
        "--device cuda fails here until an NVIDIA driver is installed (in a container: run it with "
        "the NVIDIA container runtime)");
}

}  // namespace

CommandSpec doctor_spec() {
  return {"doctor [--engine-dir DIR]...", 0, 0, {{"engine-dir", true, true}}};
}

int doctor_command(const Arguments& arguments) {
  const auto libraries = load_engine_libraries(arguments);
  if (!libraries) return complain(libraries.error().to_string(), kExitCouldNotRun);
  Advice advice;
  print_item("gantry", version());
  report_engines(*libraries, advice);
  report_torch(*libraries, advice);
  report_cpu(advice);
  report_throttling(advice);
  report_memory(advice);
  report_threads(advice);
  report_cuda(advice);
  for (const std::string& problem : advice.problems) print_item("problem", problem);
  for (const std::string& note : advice.notes) print_item("note", note);
  if (advice.problems.empty()) print_item("verdict", "no problem found");
  return advice.problems.empty() ? kExitOk : kExitFailed;
}

}  // namespace gantry::inline GANTRY_ABI::cli
